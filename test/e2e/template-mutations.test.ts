import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetExecutionHistoryCommand, type HistoryEvent, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptName } from '../../core/ids.ts';
import { currentAssembly } from '../../local/assembly.ts';
import { bootHarness, eventually, type Harness } from './harness.ts';
import { find, MUTATIONS, type Template } from './template-mutations.ts';

const TEMPLATE = 'outpost.template.json';
/** A healthy dispatch takes less than two seconds alone; here, several boots go on beside it. */
const WITHIN_MS = 15_000;

let folder: string;
let assembly: string;
let original: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-mutations-'));
  assembly = join(folder, 'original');
  cpSync(await currentAssembly(() => {}), assembly, { recursive: true });
  original = readFileSync(join(assembly, TEMPLATE), 'utf8');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.concurrent('the template as it is', () => {
  it('boots, runs a dispatch and settles one that is stopped, without a complaint', async () => {
    expect(await faultOf(JSON.parse(original), succeeds)).toBeUndefined();
    expect(await faultOf(JSON.parse(original), settles)).toBeUndefined();
  });
});

describe.concurrent('a mistake in the template is found out, and its resource named', () => {
  it.each(MUTATIONS)('$title', async ({ of, change, named = of, inSettlement }) => {
    const template: Template = JSON.parse(original);
    const name = typeof named === 'string' ? named : find(template, named);
    const resource = template.Resources[find(template, of)];
    if (resource) change(resource, template);
    expect(JSON.stringify(template)).not.toBe(JSON.stringify(JSON.parse(original)));

    const fault = await faultOf(template, inSettlement ? settles : succeeds);

    expect(fault).toContain(name);
  });
});

/** What goes wrong with a template, in the words of the embedded AWS; `undefined` where nothing does. */
async function faultOf(template: Template, check: (harness: Harness) => Promise<void>): Promise<string | undefined> {
  const booted = await bootHarness({ assembly: assemblyWith(template) }).catch((error: Error) => error);
  if (booted instanceof Error) return booted.message;
  const fault = await check(booted).then(() => undefined, String);
  await booted.close();
  const said = [...(fault === undefined ? [] : [fault]), ...booted.lines];
  return said.length === 0 ? undefined : said.join('\n');
}

function assemblyWith(template: Template): string {
  const copy = mkdtempSync(join(folder, 'assembly-'));
  for (const entry of readdirSync(assembly, { withFileTypes: true })) {
    const [from, to] = [join(assembly, entry.name), join(copy, entry.name)];
    if (entry.isDirectory()) symlinkSync(from, to);
    else copyFileSync(from, to);
  }
  writeFileSync(join(copy, TEMPLATE), JSON.stringify(template));
  return copy;
}

/** One dispatch goes through all states, none of which fails on its way. */
async function succeeds(harness: Harness): Promise<void> {
  const id = await harness.shell('echo done > done.txt');
  const history = await eventually(
    () => historyOf(harness, id),
    (events) =>
      harness.lines.length > 0 ||
      events.some(({ type }) => /^Execution.|Failed$/.test(type ?? '') && type !== 'ExecutionStarted'),
    WITHIN_MS,
  );
  const failures = history.flatMap(wordsOf);
  if (failures.length > 0 || harness.lines.length > 0) throw new Error(failures.join('\n'));
  const { status, reason } = await harness.ended(id, WITHIN_MS);
  if (status !== 'success') throw new Error(`The dispatch ended as ${status}: ${reason}`);
}

/** One dispatch whose execution is stopped by hand ends as failed. */
async function settles(harness: Harness): Promise<void> {
  const id = await harness.shell('sleep 300');
  await harness.when(id, ({ status }) => status === 'running' || harness.lines.length > 0, WITHIN_MS);
  const client = new SFNClient(harness.outpost.aws.operator);
  await client.send(new StopExecutionCommand({ executionArn: executionOf(harness, id) }));
  const { status } = await harness.when(id, ({ status }) => status === 'failed' || harness.lines.length > 0, WITHIN_MS);
  if (status !== 'failed') throw new Error(`The stopped dispatch is ${status}.`);
}

function executionOf({ outpost }: Harness, dispatchId: string): string {
  const machine = outpost.aws.output('StateMachineArn');
  return `${machine.replace(':stateMachine:', ':execution:')}:${attemptName({ dispatchId, attempt: 1 })}`;
}

async function historyOf(harness: Harness, id: string): Promise<HistoryEvent[]> {
  const client = new SFNClient(harness.outpost.aws.operator);
  const request = { executionArn: executionOf(harness, id), maxResults: 1000 };
  const { events = [] } = await client.send(new GetExecutionHistoryCommand(request));
  return events;
}

/** The error and the cause of an event that tells of a failure. */
function wordsOf(event: HistoryEvent): string[] {
  const details = Object.values(event).find((it) => typeof it === 'object' && it !== null && 'cause' in it);
  return details && 'error' in details ? [`${event.type}: ${details.error}: ${details.cause}`] : [];
}
