import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { paginateListExecutions } from '@aws-sdk/client-sfn';
import { afterEach, expect, it } from 'vitest';
import { Stand } from './stand.ts';
import { HALF_WAITS } from './start-in.ts';

let stand: Stand;
afterEach(() => stand.remove());

it('knows every execution that was started before a kill -9, and ends all that ran', async () => {
  stand = await Stand.start();
  await stand.stop();
  const started = await startUntilKilled(stand.folder, 300);

  stand = await Stand.start(stand.folder);
  const stateMachineArn = await stand.create(HALF_WAITS);
  await stand.service.ready?.();

  const statuses = new Map<string | undefined, string | undefined>();
  // A process that is killed late has started more of them than one page holds.
  for await (const { executions = [] } of paginateListExecutions({ client: stand.client }, { stateMachineArn })) {
    for (const { executionArn, status } of executions) statuses.set(executionArn, status);
  }
  const wrong = started.filter((arn) => !['SUCCEEDED', 'ABORTED'].includes(statuses.get(arn) ?? 'lost'));
  expect(started.length).toBeGreaterThanOrEqual(300);
  expect(wrong).toEqual([]);
  expect((await stand.history(started.at(-1) ?? '')).at(-1)?.type).toMatch(/^Execution(Succeeded|Aborted)$/);
}, 20_000);

/** The executions that a process says it has started, up to the moment when it is killed. */
async function startUntilKilled(folder: string, least: number): Promise<readonly string[]> {
  const script = join(import.meta.dirname, 'starting-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    if (said.split('\n').length > least) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return said.slice(0, said.lastIndexOf('\n')).split('\n');
}
