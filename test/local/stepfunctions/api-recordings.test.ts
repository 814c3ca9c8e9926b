import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type ListExecutionsInput,
  ListStateMachinesCommand,
  paginateListStateMachines,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlaceholderMatcher } from '../../../local/stepfunctions/conformance/placeholders.ts';
import {
  type ApiRecording,
  apiRecordings,
  BY_THE_TEMPLATE,
  comparableAnswer,
  type Fields,
  inJsonata,
  LEFT_OUT_CASES,
  type RecordedStep,
} from './api-recordings.ts';
import { Stand } from './stand.ts';

const recordings = apiRecordings();
const compared = recordings.filter(({ name }) => !LEFT_OUT_CASES.some(([pattern]) => pattern.test(name)));
const hasAnswer = ({ steps }: ApiRecording) => steps.some((step) => comparableAnswer(step) !== undefined);

/** Plays the steps of one recording against the service. */
class Player {
  readonly #matcher = new PlaceholderMatcher();
  readonly #definitions = new Map<unknown, Fields>();
  readonly #executions: string[] = [];
  #nextToken: string | undefined;

  constructor(readonly stand: Stand) {}

  /** How the service's answer differs from AWS's; `undefined` where it does not or nothing was recorded. */
  async play(step: RecordedStep): Promise<string | undefined> {
    if (BY_THE_TEMPLATE.includes(step.op)) return this.#byTheTemplate(step);
    const answer = await this.#answer(step.op, this.#filled(step.request) as Fields);
    const recorded = comparableAnswer(step);
    if (!recorded) return undefined;
    return this.#matcher.difference(this.#asHere(recorded, answer), answer, step.op);
  }

  async #byTheTemplate({ op, request }: RecordedStep): Promise<undefined> {
    if (op === 'delete_state_machine') return undefined;
    const StateMachineName = request['name'] ?? String(request['stateMachineArn']).split(':').at(-1);
    const before = this.#definitions.get(StateMachineName);
    const definition = request['definition'] ? inJsonata(JSON.parse(String(request['definition']))) : before?.['text'];
    const RoleArn = request['roleArn'] ?? before?.['RoleArn'];
    if (before && op === 'create_state_machine') return undefined;
    this.#definitions.set(StateMachineName, { text: definition, RoleArn });
    await this.stand.create(definition, { StateMachineName, RoleArn, DefinitionString: JSON.stringify(definition) });
  }

  async #answer(op: string, request: Fields): Promise<Fields> {
    try {
      const answer = (await this.#send(op, request)) as Fields;
      if (op === 'start_execution') await this.#started(answer);
      this.#nextToken = answer['nextToken'] as string | undefined;
      const { $metadata: _, ...members } = answer;
      return JSON.parse(JSON.stringify(members)) as Fields;
    } catch (error) {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      if ($metadata?.httpStatusCode !== 400) throw error;
      return { name, message };
    }
  }

  async #send(op: string, request: Fields): Promise<unknown> {
    const { client } = this.stand;
    const { stateMachineArn = '', executionArn = '' } = request as Record<string, string>;
    const list: ListExecutionsInput = request;
    if (op === 'start_execution') return client.send(new StartExecutionCommand({ ...request, stateMachineArn }));
    if (op === 'stop_execution') return client.send(new StopExecutionCommand({ executionArn }));
    if (op === 'describe_execution') return client.send(new DescribeExecutionCommand({ executionArn }));
    if (op === 'describe_state_machine') return client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    if (op === 'get_execution_history') return client.send(new GetExecutionHistoryCommand({ executionArn }));
    if (op === 'list_executions') return client.send(new ListExecutionsCommand(list));
    if (op === 'list_state_machines') return client.send(new ListStateMachinesCommand(request));
    if (op !== 'paginate:list_state_machines') throw new Error(`The step ${op} is not known.`);
    const stateMachines: unknown[] = [];
    for await (const page of paginateListStateMachines({ client, pageSize: Number(request['maxResults']) }, {})) {
      stateMachines.push(...(page.stateMachines ?? []));
    }
    return { stateMachines };
  }

  /** AWS's recorder waited for the end where a later step tells it. */
  async #started({ executionArn }: Fields): Promise<void> {
    const arn = String(executionArn);
    if (this.#executions.includes(arn)) return;
    this.#executions.push(arn);
    const waits = [...this.#definitions.values()].some((made) => JSON.stringify(made).includes('"Wait"'));
    if (!waits) await this.stand.ended(arn);
  }

  /** Puts the names of executions and the last token in their places. */
  #filled(value: unknown): unknown {
    const text = JSON.stringify(value)
      .replaceAll(/<ExecArnPart_(\d+)idx>/g, (_, index: string) => {
        return this.#executions[Number(index)]?.split(':').at(-1) ?? `execution_${index}`;
      })
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the recorder's own place for a token.
      .replaceAll('${list_executions.nextToken}', () => this.#nextToken ?? '');
    return JSON.parse(text) as unknown;
  }

  /** The recording as it is with definitions in JSONata, and with the revision that the service gives a first definition. */
  #asHere(recorded: Fields, answer: Fields): Fields {
    const filled = this.#filled(recorded) as Fields;
    if (!('definition' in filled)) return filled;
    const { revisionId = answer['revisionId'] } = filled;
    return { ...filled, definition: inJsonata(filled['definition'] as Fields), revisionId };
  }
}

async function differences({ steps }: ApiRecording, stand: Stand): Promise<readonly string[]> {
  const player = new Player(stand);
  const found: string[] = [];
  for (const step of steps) {
    const difference = await player.play(step);
    if (difference) found.push(difference);
  }
  return found;
}

describe('the Step Functions API as AWS was recorded', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await Stand.start();
  });
  afterEach(() => stand.remove());

  it('differs from a recording in the words of an error and in nothing else', async () => {
    const request = { stateMachineArn: 'nonsense' };
    const says = (Message: string) => ({ answer: { Error: { Code: 'InvalidArn', Message } } });
    const steps = [says("Invalid Arn: 'Invalid ARN prefix: nonsense'"), says('Something else')].map((recorded) => {
      return { op: 'describe_state_machine', request, recorded };
    });

    const found = await differences({ name: 'own', steps }, stand);

    expect(found).toEqual([expect.stringContaining('describe_state_machine/message')]);
  });

  if (compared.length > 0) {
    it.each(compared.map((recording) => [recording.name, recording] as const))(
      'gives the answers and errors of %s, in their shapes and words',
      async (_, recording) => {
        const found = await differences(recording, stand);

        expect(hasAnswer(recording)).toBe(true);
        expect(found).toEqual([]);
      },
    );
  }
});
