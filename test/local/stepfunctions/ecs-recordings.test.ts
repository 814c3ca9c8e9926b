import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Task$ } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { ECS_TASK_STYLE } from '../../../local/stepfunctions/integrations/ecs-stops.ts';
import { fromSdkOutput } from '../../../local/stepfunctions/integrations/results.ts';
import { shapeOf } from '../../../local/stepfunctions/integrations/shape.ts';

const RECORDED = join(import.meta.dirname, '../../../../shared/aws-recorded/open');
const MASK = '"time"';
const TIME = '2026-01-01T00:00:00.000Z';

/** What ECS says where Step Functions says this: camel case, and no lists without members. */
function asEcsSays(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asEcsSays);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => !(Array.isArray(member) && member.length === 0));
  return Object.fromEntries(
    members.map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), asEcsSays(member)]),
  );
}

it('says an ECS task in PascalCase, with the lists that are empty', () => {
  const said = fromSdkOutput(
    shapeOf(Task$),
    { taskArn: 'arn', lastStatus: 'STOPPED', containers: [{ name: 'worker', exitCode: 3 }] },
    ECS_TASK_STYLE,
  );

  expect(said).toMatchObject({
    TaskArn: 'arn',
    LastStatus: 'STOPPED',
    Containers: [{ Name: 'worker', ExitCode: 3, GpuIds: [] }],
    Tags: [],
  });
});

if (existsSync(RECORDED)) {
  describe('an ECS task as Step Functions says it', () => {
    it.each([
      ['run_task', (result: Result) => result.output?.Tasks?.[0]],
      ['run_task_sync', (result: Result) => result.output],
      ['run_task_sync', (result: Result) => result.submitted?.Tasks?.[0]],
      ['run_task_sync_raise_failure', (result: Result) => result.cause],
    ])('has the fields of the recording %s', (name, task) => {
      const file = join(RECORDED, `services.ecs_task_service.${name}.json`);
      const { taskResults } = JSON.parse(readFileSync(file, 'utf8')) as { taskResults: [Result] };
      const recorded = JSON.stringify(task(taskResults[0]));

      const said = fromSdkOutput(
        shapeOf(Task$),
        asEcsSays(JSON.parse(recorded.replaceAll(MASK, JSON.stringify(TIME)))),
        ECS_TASK_STYLE,
      );

      expect(JSON.stringify(said)).toBe(recorded.replaceAll(MASK, String(Date.parse(TIME))));
    });
  });
}

interface Result {
  readonly output?: { readonly Tasks?: readonly unknown[] };
  readonly submitted?: { readonly Tasks?: readonly unknown[] };
  readonly cause?: unknown;
}
