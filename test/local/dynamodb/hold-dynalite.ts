// Started by a test, which kills it: holds a dynalite process over the folder that is its argument.
import { Dynalite } from '../../../local/dynamodb/dynalite.ts';

const [folder = ''] = process.argv.slice(2);
await new Dynalite(folder, () => {}).start();
process.stdout.write('ready\n');
setInterval(() => {}, 60_000);
