import type { AgentName } from '../../core/agents.ts';
import { agentReport, type PoolReport, totalReport } from './pool-report.ts';
import type { AgentRecord } from './simulation-record.ts';
import { amount, percent, type textTable } from './text-table.ts';

export interface SimulatedAgent {
  readonly agent: AgentName;
  readonly record: AgentRecord;
}

/** A row for each agent, and one for all of them where there are several; `table` lays them out. */
export function reportTable(agents: readonly SimulatedAgent[], table: typeof textTable): string {
  const reports = agents.map(({ agent, record }) => ({ name: agent as string, report: agentReport(agent, record) }));
  const total = totalReport(
    agents.map(({ record }) => record),
    reports.map(({ report }) => report),
  );
  const rows = reports.length === 1 ? reports : [...reports, { name: 'all', report: total }];
  const titles = [
    'agent',
    'dispatches',
    'hits',
    'wait p50',
    'p95',
    'p99',
    'slots started',
    'idle slot-hours',
    'idle USD',
  ];
  return table(
    titles,
    rows.map(({ name, report }) => [name, ...cells(report)]),
  );
}

function cells({ dispatches, hitRate, wait, slotsStarted, idleSlotHours, idlePrice }: PoolReport): string[] {
  const waits = [wait.p50, wait.p95, wait.p99].map((seconds) => `${seconds.toFixed(1)} s`);
  return [
    amount(dispatches),
    percent(hitRate),
    ...waits,
    amount(slotsStarted),
    amount(idleSlotHours),
    idlePrice.toFixed(2),
  ];
}
