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
import { attemptName } from '../../core/ids.ts';
import { currentAssembly } from '../../local/assembly.ts';
import { bootHarness, eventually, type Harness } from './harness.ts';
import { find, type Mutation, type Template } from './template-surgery.ts';

const TEMPLATE = 'outpost.template.json';
/** A healthy dispatch takes less than two seconds alone; here, several boots go on beside it. */
const WITHIN_MS = 30_000;

/** Something that a healthy Outpost does; rejects where it does not. */
export type Check = (harness: Harness) => Promise<void>;

/** Copies of the synthesized cloud assembly whose templates have mistakes in them. */
export class MutatedAssemblies {
  private readonly folder = mkdtempSync(join(tmpdir(), 'outpost-mutations-'));
  private readonly original = join(this.folder, 'original');

  /** Takes a copy of the assembly: the project's own may be made anew while tests run. */
  static async create(): Promise<MutatedAssemblies> {
    const assemblies = new MutatedAssemblies();
    cpSync(await currentAssembly(() => {}, { pool: 'shell=0-0' }), assemblies.original, { recursive: true });
    return assemblies;
  }

  /** A template with this mistake, and the name of the resource that errors must tell. */
  mutate({ of, change, named = of }: Mutation): { template: Template; name: string } {
    const template = this.template();
    const name = typeof named === 'string' ? named : find(template, named);
    const resource = template.Resources[find(template, of)];
    if (resource) change(resource, template);
    if (JSON.stringify(template) === JSON.stringify(this.template())) throw new Error('The mutation changes nothing.');
    return { template, name };
  }

  template(): Template {
    return JSON.parse(readFileSync(join(this.original, TEMPLATE), 'utf8'));
  }

  /** What goes wrong with a template, in the words of the embedded AWS; `undefined` where nothing does. */
  async faultOf(template: Template, check: Check): Promise<string | undefined> {
    const booted = await bootHarness({ assembly: this.write(template) }).catch((error: Error) => error);
    if (booted instanceof Error) return booted.message;
    const fault = await check(booted).then(() => undefined, String);
    await booted.close();
    const said = [...(fault === undefined ? [] : [fault]), ...booted.lines];
    return said.length === 0 ? undefined : said.join('\n');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(template: Template): string {
    const copy = mkdtempSync(join(this.folder, 'assembly-'));
    for (const entry of readdirSync(this.original, { withFileTypes: true })) {
      const [from, to] = [join(this.original, entry.name), join(copy, entry.name)];
      if (entry.isDirectory()) symlinkSync(from, to);
      else copyFileSync(from, to);
    }
    writeFileSync(join(copy, TEMPLATE), JSON.stringify(template));
    return copy;
  }
}

/** It boots. */
export const boots: Check = async () => {};

/** One dispatch goes through all states, none of which fails on its way. */
export const succeeds: Check = async (harness) => {
  const id = await harness.shell('echo done > done.txt');
  // A state that fails is retried for a minute: its first failure is told.
  const history = await eventually(
    () => historyOf(harness, id),
    (events) => harness.lines.length > 0 || events.some(isDecisive),
    WITHIN_MS,
  );
  const failures = history.flatMap(wordsOf);
  if (failures.length > 0 || harness.lines.length > 0) throw new Error(failures.join('\n'));
  const { status, reason } = await harness.ended(id, WITHIN_MS);
  if (status !== 'success') throw new Error(`The dispatch ended as ${status}: ${reason}`);
};

/** One dispatch whose execution is stopped by hand ends as failed. */
export const settles: Check = async (harness) => {
  const id = await harness.shell('sleep 300');
  await harness.when(id, ({ status }) => status === 'running' || harness.lines.length > 0, WITHIN_MS);
  const client = new SFNClient(harness.outpost.aws.operator);
  await client.send(new StopExecutionCommand({ executionArn: executionOf(harness, id) }));
  const settled = await harness.when(id, ({ status }) => status === 'failed' || harness.lines.length > 0, WITHIN_MS);
  if (settled.status !== 'failed') throw new Error(`The stopped dispatch is ${settled.status}.`);
};

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

/** Whether it is the execution's end, or tells of a failure. */
function isDecisive(event: HistoryEvent): boolean {
  return event.type === 'ExecutionSucceeded' || wordsOf(event).length > 0;
}

/** The error and the cause of an event that tells of a failure. */
function wordsOf(event: HistoryEvent): string[] {
  const details = Object.values(event).find((it) => typeof it === 'object' && it !== null && 'cause' in it);
  return details && 'error' in details ? [`${event.type}: ${details.error}: ${details.cause}`] : [];
}
