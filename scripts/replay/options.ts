import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { AGENT_NAMES, type AgentName, isAgentName } from '../../core/agents.ts';
import { TERMINAL_STATUSES, type TerminalStatus } from '../../core/dispatch-status.ts';

const Moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** For `--since` and `--until`: ISO 8601 in UTC or with an offset, `90m`, `2h` or `3d` ago, or `now`. Answers ISO 8601. */
export function moment(now: Date): (text: string) => string {
  return (text) => {
    const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
    if (count && unit) return new Date(now.getTime() - Number(count) * UNITS[unit as keyof typeof UNITS]).toISOString();
    if (text === 'now') return now.toISOString();
    if (Moment.safeParse(text).success) return new Date(text).toISOString();
    throw new InvalidArgumentError('It takes a time such as 2026-03-01T12:00:00Z or 2026-03-01, or 90m, 2h or 3d ago.');
  };
}

/** For `--status`: `failed,timeout`, in any case. */
export function endings(text: string): readonly TerminalStatus[] {
  const names = text.split(',').map((name) => name.trim().toUpperCase());
  const known = TERMINAL_STATUSES.filter((status) => names.includes(status));
  const unknown = names.filter((name) => !known.some((status) => status === name));
  if (unknown.length === 0) return known;
  const choices = TERMINAL_STATUSES.map((status) => status.toLowerCase()).join(', ');
  throw new InvalidArgumentError(`'${unknown.join(', ').toLowerCase()}' is no way to end: they are ${choices}.`);
}

export function agent(text: string): AgentName {
  if (isAgentName(text)) return text;
  throw new InvalidArgumentError(`'${text}' is no agent: they are ${AGENT_NAMES.join(', ')}.`);
}

/** For `--rate`: a second, and not so fast that a mistake cannot be stopped. */
export function rate(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 50) return value;
  throw new InvalidArgumentError('It takes a number from 0.1 to 50.');
}
