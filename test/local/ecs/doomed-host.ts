import { awslogs, startStand, waitFor } from './stand.ts';

/**
 * A process of its own that runs one ECS task, for a test to kill: `doomed-host.ts <data folder>`. Prints the task's ARN
 * and the process ids of the container's main process and of a child that has left its session.
 */
const SOURCE = `
  import { spawn } from 'node:child_process';
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  console.log('pids ' + process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);`;

const [folder = ''] = process.argv.slice(2);
const stand = await startStand({ app: SOURCE }, { folder });
await stand.define({ LogConfiguration: awslogs });
const task = await stand.run({ clientToken: 'token' });
const line = await waitFor('the pids', () => stand.logOf(task).find((text) => text.startsWith('pids ')));
console.log(JSON.stringify({ taskArn: task.taskArn, pids: line.split(' ').slice(1).map(Number) }));
