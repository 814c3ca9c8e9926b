import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../../shared/aws-recorded/api');

export type Fields = Readonly<Record<string, unknown>>;

export interface RecordedStep {
  readonly op: string;
  readonly request: Fields;
  /** The answer, under a name that the recorder gave it. */
  readonly recorded?: Fields;
}

export interface ApiRecording {
  readonly name: string;
  readonly steps: readonly RecordedStep[];
}

/** Cases that hold nothing of what the embedded service has, and why. */
export const LEFT_OUT_CASES: readonly (readonly [RegExp, string])[] = [
  [/^test_state\./, 'TestState is not an operation of the embedded service'],
  [/^sfn_api_validation\./, 'ValidateStateMachineDefinition is not either'],
  [/^sfn_api\.start_sync_execution$/, 'nor is StartSyncExecution'],
  [
    /^sfn_api\.(create_delete_valid_sm|delete_nonexistent_sm)$/,
    'only CreateStateMachine and DeleteStateMachine answer',
  ],
  [/^base_scenarios\.(illegal_escapes|wait_timestamp_invalid)\./, 'CreateStateMachine refuses a JSONPath definition'],
  [/^sfn_api\.cloudformation_/, 'the step that gave the answer was not recorded, nor was its template'],
  [/^(callback|services)\./, 'a history alone, which lies elsewhere, of services that Tasks call'],
  [/^sfn_scenarios\./, 'the state machine comes from a stack that was not recorded, and calls SQS or API Gateway'],
];

/** Operations that the template stands in for: their answers are compared with nothing. */
export const BY_THE_TEMPLATE = ['create_state_machine', 'update_state_machine', 'delete_state_machine'];

/** Answers that the recorder did not tie to a step, with the case and step that they belong to. */
const UNTIED: Readonly<Record<string, readonly (readonly [step: number, answers: readonly string[]])[]>> = {
  'sfn_api.list_sms': [[3, ['lst_resp_filter']]],
  'sfn_api.list_sms_pagination': [[14, ['list-state-machines-page-1', 'list-state-machines-page-2']]],
};

/** Words that the recorder put in place of whole ARNs. */
const MASKED_ARNS: Readonly<Record<string, string>> = {
  sm_nonexistent_arn: 'arn:aws:states:us-east-1:000000000000:stateMachine:none',
  invalid_execution_arn: 'arn:aws:states:us-east-1:000000000000:execution:none:one',
};

/** The recordings, in the names of the embedded account; none where the folder is not there. */
export function apiRecordings(): readonly ApiRecording[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER).sort().map(readRecording);
}

/** What is left of an answer to compare: AWS's HTTP headers were removed, and histories lie elsewhere. */
export function comparableAnswer({ op, recorded = {} }: RecordedStep): Fields | undefined {
  const [answer] = Object.values(recorded);
  if (answer === undefined || BY_THE_TEMPLATE.includes(op)) return undefined;
  if (typeof answer === 'string') return refusal(answer);
  const fields = answer as Fields;
  if ('see' in fields || fields['exception_typename'] === 'ParamValidationError') return undefined;
  if (typeof fields['exception_value'] === 'string') return refusal(fields['exception_value']);
  const { ResponseMetadata: _, Error: error, ...members } = fields;
  if (!error) return members;
  const { Code: name, Message: message } = error as Fields;
  return { name, message };
}

/** A Pass of JSONPath in JSONata, and for a Task that waits for its token a Wait. */
export function inJsonata(definition: Fields): Fields {
  const states = Object.entries(definition['States'] as Readonly<Record<string, Fields>>).map(([name, state]) => {
    if (state['Type'] === 'Task') return [name, { Type: 'Wait', Seconds: 3600, End: true }];
    const fields = Object.entries(state).map(([field, value]) => [field === 'Result' ? 'Output' : field, value]);
    return [name, Object.fromEntries(fields)];
  });
  return { ...definition, States: Object.fromEntries(states), QueryLanguage: 'JSONata' };
}

/** `An error occurred (Code) when calling the Operation operation: Message` */
function refusal(text: string): Fields {
  const [, name, message] = /^An error occurred \((\w+)\) when calling the \w+ operation: (.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new Error(`The recording does not say which error it is: ${text}`);
  return { name, message };
}

function readRecording(file: string): ApiRecording {
  const text = readFileSync(join(FOLDER, file), 'utf8')
    .replaceAll('<partition>', 'aws')
    .replaceAll('<region>', 'us-east-1')
    .replaceAll('111111111111', '000000000000')
    .replaceAll(/\$\{(id\d+)\}/g, '$1')
    .replaceAll(/<ArnPart_(\d+)idx>/g, 'state.machine_$1_')
    .replaceAll(/"(\w+_arn)"/g, (quoted, word: string) => (word in MASKED_ARNS ? `"${MASKED_ARNS[word]}"` : quoted))
    .replaceAll(/'(\w+_arn)'/g, (quoted, word: string) => (word in MASKED_ARNS ? `'${MASKED_ARNS[word]}'` : quoted));
  const { name, steps, unlinked } = JSON.parse(text) as ApiRecording & { readonly unlinked?: Fields };
  return { name, steps: steps.map((step, index) => withUntied(name, step, index, unlinked)) };
}

function withUntied(name: string, step: RecordedStep, index: number, unlinked: Fields = {}): RecordedStep {
  const answers = UNTIED[name]?.find(([at]) => at === index)?.[1];
  return answers ? { ...step, recorded: { answer: { stateMachines: answers.flatMap((key) => unlinked[key]) } } } : step;
}
