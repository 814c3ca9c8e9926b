/** Winning claims per second, with slots chosen at random and in list order: the same code, the same embedded DynamoDB. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ulid } from 'ulid';
import type { Slot } from '../../core/slot.ts';
import { type ClaimCollaborators, claimSlot } from '../../lambdas/claim-slot/claim-slot.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import { bootOutpost } from '../../local/outpost.ts';
import { createPoolTable } from '../lambdas/tables.ts';

const SLOTS = 20;
const CLAIMERS = 200;
const ROUNDS = 4;
const DEFINITION = 'arn:aws:ecs:us-east-1:000000000000:task-definition/outpost-shell:1';
const GOAL = 1.5;

const data = mkdtempSync(join(tmpdir(), 'outpost-claims-'));
const outpost = await bootOutpost({ data, port: 0, pool: 'shell=0-0', log: () => {} });
const client = new DynamoDBClient(outpost.aws.operator);
// A table of its own: the manager would drain slots that it does not want.
const pool = new PoolStore(documentClient(client), await createPoolTable(client));
try {
  const totals = { random: emptyTotal(), list: emptyTotal() };
  for (let round = 0; round < ROUNDS; round += 1) {
    // In turn, so that what the machine does besides falls on both.
    await measure(totals.random, {});
    await measure(totals.list, { inOrder: (slots) => slots });
  }
  const [random, list] = [report('at random', totals.random), report('in list order', totals.list)];
  const verdict = random / list >= GOAL ? 'met' : 'MISSED';
  console.log(
    `random / list order        ${(random / list).toFixed(2)}x winning claims per second, goal ${GOAL}x: ${verdict}`,
  );
} finally {
  await outpost.close();
  rmSync(data, { recursive: true, force: true });
}

interface Total {
  won: number;
  requests: number;
  milliseconds: number;
}

function emptyTotal(): Total {
  return { won: 0, requests: 0, milliseconds: 0 };
}

/** All claimers at once. */
async function measure(total: Total, order: Pick<ClaimCollaborators, 'inOrder'>): Promise<void> {
  await refill();
  const began = performance.now();
  const claims = await Promise.all(Array.from({ length: CLAIMERS }, () => claim(order)));
  total.milliseconds += performance.now() - began;
  const won = claims.filter(({ claimed }) => claimed);
  total.won += won.length;
  total.requests += won.reduce((sum, { requests }) => sum + requests, 0);
}

async function claim(order: Pick<ClaimCollaborators, 'inOrder'>): Promise<{ claimed: boolean; requests: number }> {
  let requests = 0;
  const counted: ClaimCollaborators['pool'] = {
    newest: (agent) => {
      requests += 1;
      return pool.newest(agent);
    },
    claim: (slot, by) => {
      requests += 1;
      return pool.claim(slot, by);
    },
  };
  const { claimed } = await claimSlot(
    {
      pool: counted,
      events: { slotClaimed: async () => {}, slotMissed: async () => {} },
      taskDefinitions: { shell: DEFINITION },
      bounds: { shell: { min: SLOTS, max: SLOTS } },
      now: () => new Date(),
      report: (error) => {
        throw error;
      },
      ...order,
    },
    { dispatchId: ulid(), attempt: 1, agent: 'shell', run: 1, workspaceMode: 'ephemeral' },
  );
  return { claimed, requests };
}

/** A pool of nothing but warm slots. */
async function refill(): Promise<void> {
  for (const slot of await pool.list('shell')) {
    await pool.close(slot, {}, new Date());
    await pool.bury(slot);
  }
  const at = new Date().toISOString();
  const slot = (): Slot => ({
    agentType: 'shell',
    slotId: ulid(),
    state: 'WARM',
    taskDefinitionArn: DEFINITION,
    createdAt: at,
    warmAt: at,
    seenAt: at,
    taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/outpost/1',
  });
  for (let index = 0; index < SLOTS; index += 1) await pool.create(slot());
}

function report(what: string, { won, requests, milliseconds }: Total): number {
  const perSecond = (won * 1000) / milliseconds;
  const each = (requests / Math.max(1, won)).toFixed(2);
  console.log(
    `claims ${what.padEnd(19)} ${won} of ${ROUNDS * SLOTS} slots won by ${CLAIMERS} at once, ${perSecond.toFixed(0)} a second, ${each} requests each`,
  );
  return perSecond;
}
