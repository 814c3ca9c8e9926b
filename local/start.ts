import { join, relative } from 'node:path';
import { agentVariables, command, githubAddress, poolBounds, portNumber, runCommand } from './cli/command-line.ts';
import { closeInTime, interrupted, interruption } from './cli/interrupt.ts';
import type { Connection } from './connection.ts';

interface StartOptions {
  readonly data: string;
  readonly port: number;
  readonly pool?: string;
  readonly agentEnv?: string;
  readonly githubUrl?: string;
}

const program = command('start', 'Boots the embedded AWS and serves Outpost until it is stopped.')
  .option('--data <folder>', 'where the embedded AWS keeps its data', '.outpost')
  .option('--port <number>', "the API's port on 127.0.0.1; 0 is any free one", portNumber, 8080)
  .option('--pool <bounds>', 'how many warm slots may wait, like shell=0-2', poolBounds)
  .option('--agent-env <variable>', 'for an agent: claude.NAME=value; may be given again', agentVariables)
  .option('--github-url <url>', 'where owner/name is, like https://ghe.example.com', githubAddress);

await runCommand<StartOptions>(program, async ({ data, port, ...options }) => {
  // Help and wrong usage need not wait for the AWS SDK to load.
  const [{ bootOrExplain }, { showFleet }] = await Promise.all([import('./outpost.ts'), import('./cli/fleet-line.ts')]);
  const signal = interruption();
  const outpost = await bootOrExplain({ data, port, ...options, log: (line) => console.log(line) });
  console.log(greeting(outpost.connection, join(data, 'connection.json')));
  await Promise.all([interrupted(signal), showFleet(outpost.connection, signal)]);
  console.log('Stopping');
  await closeInTime(() => outpost.close());
  return 0;
});

function greeting({ baseUrl }: Connection, connectionFile: string): string {
  const file = relative(process.cwd(), connectionFile) || connectionFile;
  return `
Outpost serves at ${baseUrl}. Its key is in ${file}. Dispatch something:

  KEY=$(node -p 'JSON.parse(fs.readFileSync("${file}")).apiKey')
  ID=$(curl -s ${baseUrl}/dispatch -H "X-API-Key: $KEY" \\
    -H 'Content-Type: application/json' \\
    -d '{ "agent": "shell", "task": "echo hello | tee hello.txt" }' |
    node -p 'JSON.parse(fs.readFileSync(0)).data.dispatchId')
  until curl -s "${baseUrl}/dispatch/$ID?logs=100" -H "X-API-Key: $KEY" | tee /dev/stderr | grep -q endedAt
  do sleep 1; done
  curl -s "${baseUrl}/artifacts/$ID" -H "X-API-Key: $KEY"

Agents run as you here, with your files and your network: dispatch what you trust.
Ctrl-C stops it.`;
}
