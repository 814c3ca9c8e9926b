/** Characters of an expression, and of one value in it: a reason or a task may be long. */
const MAX_LENGTH = 1_500;
const MAX_VALUE_LENGTH = 150;

/** What a request to DynamoDB writes, and on what condition, with names and values for their placeholders. */
export function updateIn(input: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = recordOf(input['ExpressionAttributeNames']);
  const values = recordOf(input['ExpressionAttributeValues']);
  const inWords = (expression: unknown) =>
    String(expression)
      .replace(/#[\w#-]+/g, (name) => String(names[name] ?? name))
      .replace(/:\w+/g, (name) => (name in values ? plain(values[name]) : name))
      .slice(0, MAX_LENGTH);
  const { UpdateExpression: update, ConditionExpression: condition } = input;
  return {
    ...(typeof update === 'string' && { update: inWords(update) }),
    ...(typeof condition === 'string' && { condition: inWords(condition) }),
  };
}

/** `{ "S": "RUNNING" }` as `RUNNING`. */
function plain(value: unknown): string {
  const [inner] = Object.values(recordOf(value));
  const text = typeof inner === 'object' ? JSON.stringify(inner) : String(inner);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
