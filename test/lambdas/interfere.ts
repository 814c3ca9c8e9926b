import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Notes the commands that reach DynamoDB, an SDK's own retries among them, until it is stopped and answers them. */
export function requestsOf(client: DynamoDBClient): { stop(): string[] } {
  const commands: string[] = [];
  const name = `note-${Math.random()}`;
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        commands.push(commandName);
        return next(args);
      },
    { step: 'deserialize', priority: 'low', name },
  );
  return {
    stop: () => {
      client.middlewareStack.remove(name);
      return commands;
    },
  };
}

/**
 * Loses the answers of the next so many commands of one kind, which took effect; says how many it has lost.
 * @param mentions text that stands in the command's input
 */
export function loseAnswers(client: DynamoDBClient, command: string, count: number, mentions = ''): { stop(): number } {
  let lost = 0;
  const name = `lose-${Math.random()}`;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        if (commandName !== command || lost === count) return answer;
        if (!JSON.stringify(args.input).includes(mentions)) return answer;
        lost++;
        throw Object.assign(new Error('The connection broke.'), { name: 'TimeoutError' });
      },
    { step: 'deserialize', priority: 'low', name },
  );
  return {
    stop: () => {
      client.middlewareStack.remove(name);
      return lost;
    },
  };
}
