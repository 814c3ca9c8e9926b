import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import colours from 'picocolors';
import type { DispatchView, Trace } from '../lambdas/api/wire.ts';
import { command, portNumber, runCommand } from './cli/command-line.ts';
import { closeInTime, interruption } from './cli/interrupt.ts';
import { ApiClient } from './demo/api-client.ts';
import { bytes, createDisplay, type Display, duration } from './demo/display.ts';
import { downloadOutput } from './demo/download.ts';
import { follow, wholeTrace } from './demo/follow.ts';

interface DemoOptions {
  readonly data: string;
  readonly port: number;
}

const program = command('demo', 'Boots the embedded AWS, runs one shell dispatch, and brings its output here.')
  .option('--data <folder>', 'where the embedded AWS keeps its data, and the demo its output', '.outpost')
  .option('--port <number>', "the API's port on 127.0.0.1; 0 is any free one", portNumber, 0);

await runCommand<DemoOptions>(program, async ({ data, port }) => {
  // Help and wrong usage need not wait for the AWS SDK to load.
  const { bootOrExplain } = await import('./outpost.ts');
  const display = createDisplay();
  const signal = interruption();
  const began = performance.now();
  display.heading('Booting the embedded AWS from the synthesized template');
  const outpost = await bootOrExplain({ data, port, log: (line) => display.line(line) });
  try {
    display.line(`Ready in ${duration(performance.now() - began)} at ${outpost.connection.baseUrl}`);
    const api = new ApiClient(outpost.connection.baseUrl, outpost.connection.apiKey);
    return await runDemo(api, join(data, 'output'), display, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    display.line('Interrupted.');
    return 130;
  } finally {
    display.done();
    await closeInTime(() => outpost.close());
  }
});

async function runDemo(api: ApiClient, folder: string, display: Display, signal: AbortSignal): Promise<number> {
  const task = await readFile(new URL('./demo/fractal.sh', import.meta.url), 'utf8');
  const { dispatchId } = await api.submit({ agent: 'shell', task, timeoutSeconds: 120 });
  display.heading(`Dispatch ${dispatchId}`);
  const ended = await follow(api, dispatchId, display, signal);
  display.done();
  display.line(describeEnd(ended));
  display.heading('Its path through the state machine');
  for (const line of pathLines(await wholeTrace(api, dispatchId, signal))) display.line(line);
  display.heading('Its output');
  const output = await downloadOutput(await api.artifacts(dispatchId), join(folder, dispatchId));
  display.line(`${output.fileCount} files, ${bytes(output.totalBytes)}, every SHA-256 as the manifest says`);
  const workspace = join(relative(process.cwd(), output.folder), 'workspace');
  for (const file of ['report.md', 'images/julia.svg']) display.line(join(workspace, file));
  return ended.status === 'success' ? 0 : 1;
}

function describeEnd({ status, reason, exitCode }: DispatchView): string {
  if (status === 'success') return colours.green('✔ success');
  return colours.red(`✘ ${status}: ${reason ?? `exit code ${exitCode}`}`);
}

function pathLines({ states }: Trace): string[] {
  const width = Math.max(...states.map(({ name }) => name.length));
  return states.map(({ name, durationMs, error }) =>
    [
      error ? colours.red('✘') : colours.green('✔'),
      name.padEnd(width),
      durationMs === null ? '' : duration(durationMs).padStart(8),
      error ?? '',
    ]
      .join('  ')
      .trimEnd(),
  );
}
