import { bootOutpost } from '../../local/outpost.ts';
import type { EmbeddedProcess } from './killable-aws.ts';

/** Runs Outpost on the embedded AWS as a process of its own, for who kills it. Ends when its parent does. */
const [data = '', assembly = ''] = process.argv.slice(2);
const { aws } = await bootOutpost({ data, port: 0, assembly, log: (line) => console.error(line) });
const running: EmbeddedProcess = { operator: aws.operator, bucket: aws.output('ContextBucket') };
process.stdout.write(`${JSON.stringify(running)}\n`);
process.stdin.resume().on('end', () => process.exit());
