import type { AgentName } from '../../core/agents.ts';
import type { SimulatedAgent } from './report-table.ts';
import type { Stretch } from './simulation-record.ts';

/** Two charts for each agent over one axis of time: dispatches above, slots below. */
export interface PoolChart {
  readonly title: string;
  readonly start: Date;
  readonly seconds: number;
  readonly agents: readonly SimulatedAgent[];
}

interface Panel {
  readonly label: string;
  /** Stacked, the lowest first. */
  readonly layers: readonly { readonly className: string; readonly values: readonly number[] }[];
}

const STYLE = `
text { font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 12px; fill: #57606a; }
.title { font-size: 15px; font-weight: 600; fill: #1f2328; }
.panel { font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.axis { stroke: #6e7781; stroke-width: 1; }
.tick { text-anchor: end; }
.time { text-anchor: middle; }
.hits { fill: #2da44e; }
.misses { fill: #d1242f; }
.warm { fill: #54aeff; }
.booting { fill: #d4a72c; }
@media (prefers-color-scheme: dark) {
  text { fill: #9ea7b3; }
  .title { fill: #e6edf3; }
  .grid { stroke: #30363d; }
}
`.trim();

const WIDTH = 960;
const LEFT = 56;
const RIGHT = 16;
const HEAD = 64;
const PANEL = 130;
const GAP = 48;
const FOOT = 8;
const LEGEND = [
  ['hits', 'warm start'],
  ['misses', 'cold start'],
  ['warm', 'slots warm'],
  ['booting', 'slots booting'],
] as const;

export function poolChart({ title, start, seconds, agents }: PoolChart): string {
  const panels = agents.flatMap(({ agent, record }) => panelsOf(agent, record.stretches, seconds));
  const height = HEAD + panels.length * (PANEL + GAP) + FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    `<text class="title" x="${LEFT}" y="22">${escaped(title)}</text>`,
    ...LEGEND.flatMap(([className, label], place) => [
      `<rect class="${className}" x="${LEFT + place * 130}" y="34" width="12" height="12"/>`,
      `<text x="${LEFT + place * 130 + 17}" y="44">${label}</text>`,
    ]),
    ...panels.flatMap((panel, place) => drawn(panel, HEAD + 16 + place * (PANEL + GAP), start, seconds)),
    '</svg>',
    '',
  ].join('\n');
}

function panelsOf(agent: AgentName, stretches: readonly Stretch[], seconds: number): Panel[] {
  const stretchSeconds = seconds / stretches.length;
  const of = (value: (stretch: Stretch) => number) => stretches.map(value);
  return [
    {
      label: `${agent}: dispatches in ${duration(stretchSeconds)}`,
      layers: [
        { className: 'hits', values: of(({ hits }) => hits) },
        { className: 'misses', values: of(({ misses }) => misses) },
      ],
    },
    {
      label: `${agent}: slots, on average`,
      layers: [
        { className: 'warm', values: of(({ warm }) => warm / stretchSeconds) },
        { className: 'booting', values: of(({ booting }) => booting / stretchSeconds) },
      ],
    },
  ];
}

function drawn({ label, layers }: Panel, top: number, start: Date, seconds: number): string[] {
  const count = layers[0]?.values.length ?? 0;
  const sums = Array.from({ length: count }, (_, place) =>
    layers.reduce((sum, { values }) => sum + (values[place] ?? 0), 0),
  );
  const most = roundedUp(Math.max(...sums, 1));
  const x = (place: number) => LEFT + (place / count) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => top + PANEL - (value / most) * PANEL;
  const below = new Array<number>(count).fill(0);
  return [
    `<text class="panel" x="${LEFT}" y="${top - 6}">${escaped(label)}</text>`,
    ...[0.5, 1].map((share) => line('grid', LEFT, y(share * most), WIDTH - RIGHT, y(share * most))),
    ...[0, 0.5, 1].map((share) => text('tick', LEFT - 6, y(share * most) + 4, String(share * most))),
    ...layers.map(({ className, values }) => {
      const edges = values.map((value, place) => ({ from: below[place] ?? 0, to: (below[place] ?? 0) + value }));
      edges.forEach(({ to }, place) => {
        below[place] = to;
      });
      return area(className, edges, x, y);
    }),
    line('axis', LEFT, y(0), WIDTH - RIGHT, y(0)),
    ...timeTicks(start, seconds).map(({ share, name }) => text('time', x(share * count), top + PANEL + 15, name)),
  ];
}

/** Steps: each stretch is as wide as it lasts. */
function area(
  className: string,
  edges: readonly { readonly from: number; readonly to: number }[],
  x: (place: number) => number,
  y: (value: number) => number,
): string {
  const corners = (edge: 'from' | 'to') =>
    edges.flatMap((values, place) => [point(x(place), y(values[edge])), point(x(place + 1), y(values[edge]))]);
  return `<path class="${className}" d="M${[...corners('to'), ...corners('from').reverse()].join('L')}Z"/>`;
}

/** At most nine, at full hours of UTC; days where the trace is longer than two. */
function timeTicks(start: Date, seconds: number): { share: number; name: string }[] {
  const hours = [1 / 12, 0.25, 0.5, 1, 3, 6, 12, 24, 48, 168, 336, 1_008].find((step) => seconds / 3_600 / step <= 8.5);
  const step = (hours ?? 2_016) * 3_600;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, place) => {
    const time = new Date(start.getTime() + place * step * 1000).toISOString();
    return { share: (place * step) / seconds, name: seconds > 2 * 86_400 ? time.slice(5, 10) : time.slice(11, 16) };
  });
}

/** A number that halves well, not below `value`. */
function roundedUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 3, 4, 5, 6, 8].find((digit) => digit * magnitude >= value) ?? 10) * magnitude;
}

function duration(seconds: number): string {
  const minutes = seconds / 60;
  return minutes >= 120 ? `${rounded(minutes / 60)} hours` : `${rounded(minutes)} minutes`;
}

function line(className: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${className}" x1="${rounded(x1)}" y1="${rounded(y1)}" x2="${rounded(x2)}" y2="${rounded(y2)}"/>`;
}

function text(className: string, x: number, y: number, shown: string): string {
  return `<text class="${className}" x="${rounded(x)}" y="${rounded(y)}">${escaped(shown)}</text>`;
}

function point(x: number, y: number): string {
  return `${rounded(x)} ${rounded(y)}`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(shown: string): string {
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
