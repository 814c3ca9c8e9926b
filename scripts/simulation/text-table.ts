/** Columns under their titles, the first to the left, the others to the right. */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(width)),
  );
  return [titles, widths.map((wide) => '-'.repeat(wide)), ...rows]
    .map((row) =>
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0, column === 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same table in Markdown. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = titles.map((_, column) => (column === 0 ? '---' : '---:'));
  return [titles, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A whole number with its thousands apart; one decimal below ten. */
export function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function width(text: string): number {
  return text.length;
}

function padded(cell: string, wide: number, isLeft: boolean): string {
  return isLeft ? cell.padEnd(wide) : cell.padStart(wide);
}
