import { ulid } from 'ulid';
import { expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { TenantState } from '../../scripts/replay/deployment.ts';
import { bulkEventId, type PlanOptions, planReplay } from '../../scripts/replay/plan.ts';
import { planText, progressText } from '../../scripts/replay/texts.ts';
import { aRecord } from '../lambdas/records.ts';

const QUERY: PlanOptions = { statuses: ['FAILED'], since: '2026-03-01', until: '2026-03-02', again: false };

const failed = (fields: Partial<DispatchRecord> = {}) => aRecord({ dispatchId: ulid(), status: 'FAILED', ...fields });
const plan = (records: readonly DispatchRecord[], { again = false, expired = new Set<string>() } = {}) =>
  planReplay(
    {
      ended: async function* () {
        yield* records;
      },
      hasSpec: async (dispatchId) => !expired.has(dispatchId),
      tenant: async (tenantId) => TENANTS[tenantId],
    },
    { ...QUERY, again },
  );

const TENANTS: Record<string, TenantState> = {
  acme: { status: 'ACTIVE', maxConcurrent: 2, living: 0 },
  idle: { status: 'SUSPENDED', maxConcurrent: 2, living: 0 },
};

it('puts the dispatch that was posted first at the front', async () => {
  const late = failed({ createdAt: '2026-03-01T12:00:00.000Z' });
  const early = failed({ createdAt: '2026-03-01T11:00:00.000Z' });

  const { dispatches } = await plan([late, early]);

  expect(dispatches).toEqual([early, late]);
});

it('leaves out what has expired, and what is of tenants that are suspended or gone, and counts them', async () => {
  const [good, expired] = [failed(), failed()];
  const others = [failed({ tenantId: 'idle' }), failed({ tenantId: 'gone' })];

  const planned = await plan([good, expired, ...others], { expired: new Set([expired.dispatchId]) });

  expect(planned).toEqual({ dispatches: [good], before: 0, expired: 1, suspended: 2 });
});

it('leaves out what it has replayed before, unless it is told to take that again', async () => {
  const once = failed({ attempt: 3, replayKeys: new Set(['api:x', bulkEventId({ ...failed(), attempt: 1 })]) });
  const byOthers = failed({ attempt: 2, replayKeys: new Set(['api:bulk']) });

  const [first, second] = [await plan([once, byOthers]), await plan([once, byOthers], { again: true })];

  expect(first).toMatchObject({ dispatches: [byOthers], before: 1 });
  expect(second).toMatchObject({ dispatches: [once, byOthers], before: 0 });
});

it('finds none of many that are not kept, however many it looks for at once', async () => {
  const records = Array.from({ length: 45 }, (_, index) => failed({ taskPreview: String(index) }));
  const gone = records.filter((_, index) => index % 3 === 0).map(({ dispatchId }) => dispatchId);

  const { dispatches, expired } = await plan(records, { expired: new Set(gone) });

  expect(expired).toBe(15);
  expect(dispatches).toEqual(records.filter((_, index) => index % 3 !== 0));
});

it('lists the first rows, and counts the rest and what is left out', () => {
  const dispatches = Array.from({ length: 3 }, () => failed({ attempt: 2 }));

  const lines = planText({ dispatches, before: 4, expired: 1, suspended: 0 }, 2).split('\n');

  expect(lines.slice(2, 4).map((line) => line.split(/ +/).slice(0, 5))).toEqual(
    dispatches.slice(0, 2).map(({ dispatchId }) => [dispatchId, '2', 'failed', 'shell', 'acme']),
  );
  expect(lines.slice(4)).toEqual([
    '… and 1 more (--dry-run lists all)',
    '3 dispatches to replay',
    'Left out: 4 replayed before by this command (--again takes them too); 1 expired: what they were to do is not kept any more',
  ]);
});

it('says what it waits for', () => {
  const progress = { begun: 1, asked: 2, left: 3 };

  const texts = [progressText({ ...progress, fullTenants: [] }), progressText({ ...progress, fullTenants: ['acme'] })];

  expect(texts).toEqual(['1 begun, 2 asked for, 3 left', '1 begun, 2 asked for, 3 left; waiting for places of acme']);
});
