import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { LocalAws } from '../aws-service.ts';
import { LambdaInvoker } from '../lambda-invoker.ts';
import { QUEUE_ARN, QueueSender } from '../queue-sender.ts';
import { serviceRole } from '../service-principal.ts';
import type { Rule, Target } from './rule.ts';

const PRINCIPAL = 'events.amazonaws.com';

/** One event for one target, or for the queue that takes what the target did not. */
export interface RuleMessage {
  /** Of a function or a queue. */
  readonly targetArn: string;
  /** The rule. */
  readonly sourceArn: string;
  /** JSON text. */
  readonly payload: string;
  /** Of a dead letter: why it is one. */
  readonly attributes?: Readonly<Record<string, MessageAttributeValue>>;
}

/** Functions and queues, reached in EventBridge's own name. */
export class RuleTargets {
  private readonly functions: LambdaInvoker;
  private readonly queues: QueueSender;

  constructor(aws: LocalAws) {
    this.functions = new LambdaInvoker(aws, PRINCIPAL);
    this.queues = new QueueSender(aws, serviceRole(PRINCIPAL), PRINCIPAL);
  }

  /** Resolves once the target has accepted the message; rejects with its service's error. */
  async deliver({ targetArn, sourceArn, payload, attributes }: RuleMessage): Promise<void> {
    if (QUEUE_ARN.test(targetArn)) {
      await this.queues.send({ queueArn: targetArn, body: payload, sourceArn, ...(attributes && { attributes }) });
    } else {
      await this.functions.queue({ functionArn: targetArn, sourceArn, payload });
    }
  }

  /**
   * A target or a dead-letter queue that is gone or grants nothing would swallow events.
   *
   * @throws Error with every such one, and its rule
   */
  async verify(rules: readonly Rule[]): Promise<void> {
    const checks = rules.flatMap((rule) => rule.targets.map((target) => this.faultsOf(rule, target)));
    const faults = (await Promise.all(checks)).flat();
    if (faults.length > 0) throw new Error(`EventBridge cannot invoke all of its targets: ${faults.join('; ')}`);
  }

  close(): void {
    this.functions.close();
    this.queues.close();
  }

  private async faultsOf(rule: Rule, { id, arn, deadLetterArn }: Target): Promise<string[]> {
    const faults: string[] = [];
    const note = (what: string) => (error: unknown) => {
      faults.push(`rule ${rule.name}, ${what}: ${error instanceof Error ? error.message : String(error)}`);
    };
    await this.ask(arn, rule.arn).catch(note(`target ${id}`));
    if (deadLetterArn !== undefined) {
      await this.ask(deadLetterArn, rule.arn).catch(note(`dead-letter queue of target ${id}`));
    }
    return faults;
  }

  private ask(arn: string, ruleArn: string): Promise<void> {
    return QUEUE_ARN.test(arn) ? this.queues.verify(arn, ruleArn) : this.functions.verify(arn, ruleArn);
  }
}
