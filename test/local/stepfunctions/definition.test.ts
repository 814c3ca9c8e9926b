import { describe, expect, it } from 'vitest';
import { DefinitionError } from '../../../local/stepfunctions/asl/definition-error.ts';
import { loadDefinition } from '../../../local/stepfunctions/asl/load-definition.ts';

const PASS = { Type: 'Pass', End: true };
const INVOKE = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: 'f' },
  End: true,
};
const graph = (state: object) => ({ StartAt: 'I', States: { I: state } });

function refusal(states: object, others: object = {}): DefinitionError {
  const [StartAt] = Object.keys(states);
  try {
    loadDefinition(JSON.stringify({ QueryLanguage: 'JSONata', StartAt, States: states, ...others }));
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
  throw new Error('The definition was loaded.');
}

describe('a definition', () => {
  it.each<[string, object, string]>([
    [
      'a target that does not exist',
      { S: { Type: 'Pass', Next: 'None' } },
      "Missing 'Next' target: None at /States/S/Next",
    ],
    ['a state that nothing leads to', { S: PASS, T: PASS }, 'State "T" is not reachable at /States/T'],
    [
      'neither Next nor End',
      { S: { Type: 'Pass' } },
      'Exactly one of these fields is required: [Next, End] at /States/S',
    ],
    [
      'a field that the state does not have',
      { S: { ...PASS, Seconds: 1 } },
      "Field 'Seconds' is not supported at /States/S/Seconds",
    ],
    [
      'a field of JSONPath',
      { S: { ...PASS, ResultPath: '$.x' } },
      "Field 'ResultPath' is not supported at /States/S/ResultPath",
    ],
    ['an unknown type', { S: { Type: 'Nap', End: true } }, '/States/S/Type'],
    ['broken JSONata', { S: { ...PASS, Output: '{% 1 + %}' } }, 'Invalid JSONata expression. S0207: '],
    [
      'a variable without a valid name',
      { S: { ...PASS, Assign: { '1st': 1 } } },
      "The variable name '1st' is not valid",
    ],
    ['a variable called states', { S: { ...PASS, Assign: { states: 1 } } }, "The variable name 'states' is not valid"],
    [
      '$states.result where there is none',
      { S: { ...PASS, Output: '{% $states.result %}' } },
      "'$states.result' is not available in this field at /States/S/Output",
    ],
    [
      '$states.errorOutput outside of Catch',
      { S: { ...INVOKE, Output: ['{% $states.errorOutput.Error %}'] } },
      'at /States/S/Output[0]',
    ],
    ['a Timestamp that is none', { S: { Type: 'Wait', Timestamp: 'noon', End: true } }, '/States/S/Timestamp'],
    [
      'States.ALL beside another name',
      { S: { ...INVOKE, Retry: [{ ErrorEquals: ['A', 'States.ALL'] }] } },
      '/States/S/Retry[0]/ErrorEquals',
    ],
    [
      'States.ALL before another retrier',
      { S: { ...INVOKE, Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] } },
      '/States/S/Retry[0]/ErrorEquals',
    ],
    [
      'a heartbeat longer than the time-out',
      { S: { ...INVOKE, TimeoutSeconds: 5, HeartbeatSeconds: 5 } },
      '/States/S/HeartbeatSeconds',
    ],
    [
      'a Resource that is none',
      { S: { ...INVOKE, Resource: 'lambda' } },
      "The resource 'lambda' provided is not recognized at /States/S/Resource",
    ],
    [
      'Items that are no list',
      { S: { Type: 'Map', Items: 'x', ItemProcessor: graph(PASS), End: true } },
      'Expected value of type Array at /States/S/Items',
    ],
    [
      'a name used twice, in another graph',
      { S: { Type: 'Parallel', Branches: [graph(PASS), graph(PASS)], End: true } },
      'Duplicate State name: I',
    ],
    [
      'an outer variable assigned in a branch',
      {
        A: { Type: 'Pass', Assign: { x: 1 }, Next: 'S' },
        S: { Type: 'Parallel', Branches: [graph({ ...PASS, Assign: { x: 2 } })], End: true },
      },
      "The variable 'x' belongs to an outer scope",
    ],
  ])('is refused for %s', (_, states, message) => {
    const error = refusal(states);

    expect(error.message).toContain(message);
    expect(error.refusal).toBe('INVALID');
  });

  it.each<[string, object, string]>([
    [
      'an argument that the SDK does not know',
      { Arguments: { FunctionName: 'f', Functon: 1 } },
      "The field 'Functon' is not supported by Step Functions at /States/S/Arguments/Functon",
    ],
    [
      'an argument that is missing',
      { Arguments: { Payload: 1 } },
      "The field 'FunctionName' is required but was missing at /States/S/Arguments",
    ],
    [
      'an argument of another type',
      { Arguments: { FunctionName: 1 } },
      "The value for the field 'FunctionName' must be a STRING at /States/S/Arguments/FunctionName",
    ],
    [
      'an argument deep inside that ECS spells otherwise',
      {
        Resource: 'arn:aws:states:::ecs:runTask',
        Arguments: { TaskDefinition: 't', Overrides: { ContainerOverrides: [{ name: 'w' }] } },
      },
      "The field 'name' is not supported by Step Functions at /States/S/Arguments/Overrides/ContainerOverrides[0]/name",
    ],
    [
      'a token from an integration that has none',
      { Resource: 'arn:aws:states:::dynamodb:getItem.waitForTaskToken' },
      '/States/S/Resource',
    ],
    [
      'a job from an integration that has none',
      { Resource: 'arn:aws:states:::lambda:invoke.sync' },
      '/States/S/Resource',
    ],
  ])('is refused for %s', (_, fields, message) => {
    const error = refusal({ S: { ...INVOKE, ...fields } });

    expect(error.message).toContain(message);
    expect(error.refusal).toBe('INVALID');
  });

  it.each<[string, object, string]>([
    [
      'distributed Map',
      { S: { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, ...graph(PASS) }, End: true } },
      '/States/S/ItemProcessor/ProcessorConfig/Mode',
    ],
    [
      'ItemReader',
      { S: { Type: 'Map', ItemReader: {}, ItemProcessor: graph(PASS), End: true } },
      '/States/S/ItemReader',
    ],
    [
      'ItemBatcher',
      { S: { Type: 'Map', ItemBatcher: {}, ItemProcessor: graph(PASS), End: true } },
      '/States/S/ItemBatcher',
    ],
    [
      'ResultWriter',
      { S: { Type: 'Map', ResultWriter: {}, ItemProcessor: graph(PASS), End: true } },
      '/States/S/ResultWriter',
    ],
    [
      'activities',
      { S: { ...INVOKE, Resource: 'arn:aws:states:us-east-1:000000000000:activity:a' } },
      '/States/S/Resource',
    ],
    ['Credentials', { S: { ...INVOKE, Credentials: { RoleArn: 'r' } } }, '/States/S/Credentials'],
    ['another integration', { S: { ...INVOKE, Resource: 'arn:aws:states:::sqs:sendMessage' } }, '/States/S/Resource'],
    [
      'another service of the SDK',
      { S: { ...INVOKE, Resource: 'arn:aws:states:::aws-sdk:iam:getRole' } },
      '/States/S/Resource',
    ],
    [
      'an action that the SDK does not have',
      { S: { ...INVOKE, Resource: 'arn:aws:states:::aws-sdk:s3:getObjekt' } },
      '/States/S/Resource',
    ],
  ])('is refused as out of scope for %s', (_, states, location) => {
    expect(refusal(states)).toMatchObject({ refusal: 'OUT_OF_SCOPE', location });
  });

  it('is refused where a state is written in JSONPath', () => {
    const error = refusal({ S: PASS }, { QueryLanguage: 'JSONPath' });

    expect(error).toMatchObject({ refusal: 'JSONPATH', location: '/States/S/QueryLanguage' });
  });

  it.each([
    ['nonsense', 'INVALID_JSON_DESCRIPTION'],
    ['{}', 'These fields are required: [States, StartAt] at /'],
    ['[]', 'Expected value of type Object at /'],
  ])('is refused as %s', (text, message) => {
    expect(() => loadDefinition(text)).toThrow(message);
  });

  it('takes arguments whose values are expressions, and fields that AWS fills with JSON', () => {
    const states = {
      S: {
        ...INVOKE,
        Resource: 'arn:aws:states:::aws-sdk:sfn:sendTaskSuccess',
        Arguments: { TaskToken: '{% $states.input.token %}', Output: { any: 'JSON' } },
      },
    };

    expect(() =>
      loadDefinition(JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'S', States: states })),
    ).not.toThrow();
  });
});
