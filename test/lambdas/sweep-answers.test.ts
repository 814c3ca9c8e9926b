import type { Metrics } from '@aws-lambda-powertools/metrics';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, vi } from 'vitest';
import { METRICS } from '../../core/metrics.ts';
import { Executions } from '../../lambdas/shared/executions.ts';
import { sweepMetrics } from '../../lambdas/sweep/sweep-metrics.ts';
import { DISPATCH_ID, NOW } from './records.ts';
import { NONE } from './sweep-world.ts';

const STATE_MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:outpost-dispatch';
const executions = (answer: (command: object) => object) => {
  const send = vi.fn(async (command: object) => answer(command));
  return {
    executions: new Executions(Object.assign(new SFNClient({ region: 'us-east-1' }), { send }), STATE_MACHINE),
    send,
  };
};

describe('what a sweep asks Step Functions', () => {
  it('is who runs, page by page', async () => {
    const { executions: dispatches, send } = executions((command) =>
      command instanceof ListExecutionsCommand && command.input.nextToken
        ? { executions: [{ name: 'b-1' }] }
        : { executions: [{ name: 'a-1' }, { name: 'a-2' }], nextToken: 'n' },
    );

    const running = await dispatches.running();

    expect([...running]).toEqual(['a-1', 'a-2', 'b-1']);
    expect(send.mock.calls.map(([command]) => (command as ListExecutionsCommand).input)).toMatchObject([
      { stateMachineArn: STATE_MACHINE, statusFilter: 'RUNNING' },
      { stateMachineArn: STATE_MACHINE, statusFilter: 'RUNNING', nextToken: 'n' },
    ]);
  });

  it('is when an execution closed', async () => {
    const stopDate = new Date(NOW);
    const { executions: dispatches } = executions(() => ({ status: 'ABORTED', stopDate }));

    const state = await dispatches.describe({ dispatchId: DISPATCH_ID, attempt: 1 });

    expect(state).toMatchObject({ status: 'closed', endedAs: 'ABORTED', closedAt: stopDate });
  });
});

describe('the metrics of a sweep', () => {
  it('tell each kind of repair by itself, and that there was none', () => {
    const told: unknown[] = [];
    const singleMetric = () => {
      const dimensions: string[] = [];
      return {
        addDimension: (...dimension: string[]) => void dimensions.push(...dimension),
        addMetric: (...metric: unknown[]) => void told.push([...dimensions, ...metric]),
      };
    };

    sweepMetrics({ singleMetric } as unknown as Metrics).repaired({ ...NONE, started: 2, published: 1 });

    expect(told).toEqual([
      ['repair', 'started', METRICS.sweepRepaired, 'Count', 2],
      ['repair', 'stopped', METRICS.sweepRepaired, 'Count', 0],
      ['repair', 'settled', METRICS.sweepRepaired, 'Count', 0],
      ['repair', 'published', METRICS.sweepRepaired, 'Count', 1],
      ['repair', 'freed', METRICS.sweepRepaired, 'Count', 0],
    ]);
  });
});
