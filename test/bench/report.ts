/** One line: median, 95th percentile and maximum, and whether the 95th percentile is within its goal. */
export function reportTimes(what: string, milliseconds: readonly number[], goal?: number): void {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const [p50, p95, most] = [at(0.5), at(0.95), at(1)].map((value) => Math.round(value));
  const verdict = goal === undefined ? '' : `, goal ${goal} ms: ${(p95 ?? Number.NaN) < goal ? 'met' : 'MISSED'}`;
  console.log(`${what.padEnd(26)} p50 ${p50} ms, p95 ${p95} ms, max ${most} ms${verdict}`);
}
