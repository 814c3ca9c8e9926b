/** One line: median, 95th percentile and maximum, and whether the 95th percentile is within its goal. */
export function reportTimes(what: string, milliseconds: readonly number[], goal?: number): void {
  const [p50, p95, most] = [0.5, 0.95, 1].map((share) => Math.round(percentile(milliseconds, share)));
  const verdict = goal === undefined ? '' : `, goal ${goal} ms: ${(p95 ?? Number.NaN) < goal ? 'met' : 'MISSED'}`;
  console.log(`${what.padEnd(26)} p50 ${p50} ms, p95 ${p95} ms, max ${most} ms${verdict}`);
}

/** The value that so large a share of the others does not exceed; NaN where there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
