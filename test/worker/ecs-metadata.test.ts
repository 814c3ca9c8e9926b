import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchTaskArn } from '../../worker/ecs-metadata.ts';
import { TASK_ARN } from '../lambdas/records.ts';

const answers: { status: number; body: string }[] = [];
const asked: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.url);
  const { status, body } = answers.shift() ?? { status: 500, body: '' };
  response.writeHead(status).end(body);
});
let uri = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/id`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('the ECS task metadata', () => {
  it('tells the ARN of the ECS task, once the endpoint answers', async () => {
    answers.push({ status: 404, body: '' }, { status: 200, body: JSON.stringify({ TaskARN: TASK_ARN, Family: 'f' }) });

    const taskArn = await fetchTaskArn(uri);

    expect(taskArn).toBe(TASK_ARN);
    expect(asked).toEqual(['/v4/id/task', '/v4/id/task']);
  });

  it('is an error that says why where the endpoint never answers', async () => {
    await expect(fetchTaskArn(uri, { forMs: 300 })).rejects.toThrow(
      'The ECS task metadata cannot be read: the endpoint answers 500',
    );
  });
});
