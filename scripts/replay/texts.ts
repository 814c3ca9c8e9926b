import { stripVTControlCharacters } from 'node:util';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { textTable } from '../simulation/text-table.ts';
import type { ReplayProgress } from './ask-for-replays.ts';
import type { ReplayPlan } from './plan.ts';

const TITLES = ['dispatch', 'attempt', 'status', 'agent', 'tenant', 'posted'];
/** Rows of the table before a question; a dry run lists all. */
const ROWS = 20;

export function planText({ dispatches, before, expired, suspended }: ReplayPlan, rows = ROWS): string {
  const leftOut = [
    before > 0 ? `${before} replayed before by this command (--again takes them too)` : '',
    expired > 0 ? `${expired} expired: what they were to do is not kept any more` : '',
    suspended > 0 ? `${suspended} of tenants that are suspended or gone` : '',
  ].filter(Boolean);
  return [
    ...(dispatches.length === 0 ? [] : [textTable(TITLES, dispatches.slice(0, rows).map(row))]),
    ...(dispatches.length > rows ? [`… and ${dispatches.length - rows} more (--dry-run lists all)`] : []),
    `${dispatchCount(dispatches.length)} to replay`,
    ...(leftOut.length === 0 ? [] : [`Left out: ${leftOut.join('; ')}`]),
  ].join('\n');
}

function row({ dispatchId, attempt, status, agent, tenantId, createdAt }: DispatchRecord): string[] {
  return [dispatchId, String(attempt), status.toLowerCase(), agent, tenantId, createdAt].map(stripVTControlCharacters);
}

export function progressText({ begun, asked, left, fullTenants }: ReplayProgress): string {
  const full = fullTenants.length === 0 ? '' : `; waiting for places of ${fullTenants.join(', ')}`;
  return `${begun} begun, ${asked} asked for, ${left} left${full}`;
}

export function dispatchCount(count: number): string {
  return count === 1 ? '1 dispatch' : `${count} dispatches`;
}
