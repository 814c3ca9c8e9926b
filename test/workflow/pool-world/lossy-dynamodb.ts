import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { VirtualClock } from './virtual-clock.ts';

/** An answer of DynamoDB that was lost on its way: the write took effect, and the SDK tries again. */
class LostAnswer extends Error {
  override readonly name = 'TimeoutError';
  readonly $metadata = {};
}

const MAX_ATTEMPTS = 3;

/** DynamoDB over a line that loses answers when a test says so. Time stands still while a request is on its way. */
export class LossyDynamoDb {
  readonly client: DynamoDBClient;
  readonly #losses: { attribute: string; left: number }[] = [];

  constructor({ config: { region, endpoint, credentials } }: DynamoDBClient, clock: VirtualClock) {
    if (!endpoint) throw new Error('The embedded DynamoDB has an endpoint of its own.');
    this.client = new DynamoDBClient({ region, endpoint, credentials, maxAttempts: MAX_ATTEMPTS });
    this.client.middlewareStack.add((next) => (args) => clock.during('a request to DynamoDB', next(args)), {
      step: 'initialize',
      priority: 'high',
    });
    this.client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const loss = this.#losses.find(({ attribute, left }) => left > 0 && sets(args.input, attribute));
        if (!loss) return answer;
        loss.left--;
        throw new LostAnswer('The answer was lost.');
      },
      { step: 'deserialize', priority: 'high' },
    );
  }

  /**
   * Loses the answers to the writes that set an attribute: `claimedBy`, `assignedAt`, `ackedBy`, `startedAt`.
   * @param how once, so that the SDK hears it at its second try, or every time
   */
  lose(attribute: string, how: 'once' | 'for good'): void {
    this.#losses.push({ attribute, left: how === 'once' ? 1 : MAX_ATTEMPTS });
  }

  /** Whether every answer that was to be lost has been. */
  get isIntact(): boolean {
    return this.#losses.every(({ left }) => left === 0);
  }
}

/** `SET #ackedBy = :v1`, or `assignedAt = :now`. */
function sets(input: unknown, attribute: string): boolean {
  const { UpdateExpression = '' } = input as { UpdateExpression?: string };
  return new RegExp(`(^|[ #])${attribute} =`).test(UpdateExpression);
}
