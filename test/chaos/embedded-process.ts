import { bootOutpost } from '../../local/outpost.ts';
import type { BootOrder, EmbeddedProcess } from './killable-aws.ts';

/** Runs Outpost on the embedded AWS as a process of its own, for who kills it. Closes when its parent says so or ends. */
const order = JSON.parse(process.argv[2] ?? '') as BootOrder;
const { aws, connection, close } = await bootOutpost({ ...order, port: 0, log: (line) => console.error(line) });
const running: EmbeddedProcess = {
  operator: aws.operator,
  baseUrl: connection.baseUrl,
  outputs: aws.stack.outputs as Record<string, string>,
};
process.stdout.write(`${JSON.stringify(running)}\n`);
// Ctrl-C reaches the whole group; the parent's end closes this one in order.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.stdin.resume().on('end', () => void close().finally(() => process.exit()));
