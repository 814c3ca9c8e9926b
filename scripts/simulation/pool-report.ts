import { AGENTS, type AgentName } from '../../core/agents.ts';
import { pricePerHour } from '../../core/fargate-price.ts';
import type { AgentRecord } from './simulation-record.ts';

/** What a pool came to, for one agent or for all. */
export interface PoolReport {
  readonly dispatches: number;
  /** Share of the dispatches that got a warm slot. */
  readonly hitRate: number;
  /** Seconds from a dispatch's arrival to its agent's start: half, 95 %, 99 % of them waited no longer. */
  readonly wait: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly slotsStarted: number;
  /** Hours that slots waited WARM, and that the boots took of slots that served nobody. */
  readonly idleSlotHours: number;
  /** USD of those hours. */
  readonly idlePrice: number;
}

export function agentReport(agent: AgentName, record: AgentRecord): PoolReport {
  const idleSlotHours = (record.warmSeconds + record.wastedBootSeconds) / 3_600;
  const idlePrice = idleSlotHours * pricePerHour(AGENTS[agent].size);
  return { ...served([record]), slotsStarted: record.slotsStarted, idleSlotHours, idlePrice };
}

/** @param reports one for each record */
export function totalReport(records: readonly AgentRecord[], reports: readonly PoolReport[]): PoolReport {
  const total = (of: (report: PoolReport) => number) => reports.reduce((sum, report) => sum + of(report), 0);
  return {
    ...served(records),
    slotsStarted: total(({ slotsStarted }) => slotsStarted),
    idleSlotHours: total(({ idleSlotHours }) => idleSlotHours),
    idlePrice: total(({ idlePrice }) => idlePrice),
  };
}

function served(records: readonly AgentRecord[]): Pick<PoolReport, 'dispatches' | 'hitRate' | 'wait'> {
  const waits = Float64Array.from(records.flatMap((record) => record.waits)).sort();
  const hits = records.reduce((sum, record) => sum + record.hits, 0);
  const at = (share: number) => waits[Math.max(Math.ceil(share * waits.length) - 1, 0)] ?? 0;
  return {
    dispatches: waits.length,
    hitRate: waits.length === 0 ? 1 : hits / waits.length,
    wait: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
  };
}
