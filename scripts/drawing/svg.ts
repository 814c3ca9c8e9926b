import { type Box, type Drawing, LINE_HEIGHT, type Point } from './layout.ts';
import type { StateNode } from './state-graph.ts';

/** Boxes carry their own ground, so that they read on any page; what stands on the page itself follows its scheme. */
const STYLE = `
text { font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; text-anchor: middle; }
.name { font-size: 14px; font-weight: 600; fill: #1f2328; }
.detail { font-size: 12px; fill: #424a53; }
.label { font-size: 12px; fill: #57606a; }
.Task { fill: #ddf4ff; stroke: #0969da; }
.Choice { fill: #fff8c5; stroke: #9a6700; }
.Wait, .Pass, .Parallel, .Map { fill: #eaeef2; stroke: #6e7781; }
.Succeed { fill: #dafbe1; stroke: #1a7f37; }
.Fail { fill: #ffebe9; stroke: #cf222e; }
.arrow { fill: none; stroke: #6e7781; stroke-width: 1.5; }
.catch { stroke: #bf4b52; stroke-dasharray: 5 4; }
.tip, .start { fill: #6e7781; }
.catch-tip { fill: #bf4b52; }
@media (prefers-color-scheme: dark) {
  .label { fill: #9ea7b3; }
  .arrow { stroke: #8b949e; }
  .catch { stroke: #ff7b72; }
  .tip, .start { fill: #8b949e; }
  .catch-tip { fill: #ff7b72; }
}
`.trim();

const LEGEND_HEIGHT = 30;
/** Pixels of an arrow's line that each side of a corner gives up to its rounding. */
const CORNER = 12;

/** @param title what a screen reader says of the picture */
export function svg({ width, height, start, nodes, arrows }: Drawing, title: string): string {
  const total = height + LEGEND_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    marker('tip'),
    marker('catch-tip'),
    ...arrows.map(({ transition: { kind }, points }) =>
      kind === 'catch'
        ? `<path class="arrow catch" marker-end="url(#catch-tip)" d="${path(points)}"/>`
        : `<path class="arrow" marker-end="url(#tip)" d="${path(points)}"/>`,
    ),
    `<circle class="start" cx="${number(start.x)}" cy="${number(start.y)}" r="7"/>`,
    ...nodes.map(({ node, box }) => state(node, box)),
    ...arrows.flatMap(({ transition, label }) => labelLines(transition.label, label)),
    legend(width, height + LEGEND_HEIGHT / 2),
    '</svg>',
    '',
  ].join('\n');
}

function state({ name, type, detail }: StateNode, box: Box): string {
  const { x, y } = box;
  return [
    type === 'Choice' ? hexagon(box) : rectangle(type, box),
    `<text class="name" x="${number(x)}" y="${number(y - 3)}">${escaped(name)}</text>`,
    `<text class="detail" x="${number(x)}" y="${number(y + 14)}">${escaped(detail)}</text>`,
  ].join('\n');
}

function rectangle(type: string, { x, y, width, height }: Box): string {
  const corner = `x="${number(x - width / 2)}" y="${number(y - height / 2)}"`;
  return `<rect class="${type}" ${corner} width="${number(width)}" height="${number(height)}" rx="8"/>`;
}

function hexagon({ x, y, width, height }: Box): string {
  const [left, right, top, bottom] = [x - width / 2, x + width / 2, y - height / 2, y + height / 2];
  const corners = [
    [left, y],
    [left + 14, top],
    [right - 14, top],
    [right, y],
    [right - 14, bottom],
    [left + 14, bottom],
  ];
  const points = corners.map((corner) => corner.map(number).join(',')).join(' ');
  return `<polygon class="Choice" points="${points}"/>`;
}

function labelLines(lines: readonly string[], { x, y }: Point): string[] {
  const top = y - ((lines.length - 1) * LINE_HEIGHT) / 2 + 4;
  return lines.map(
    (line, index) =>
      `<text class="label" x="${number(x)}" y="${number(top + index * LINE_HEIGHT)}">${escaped(line)}</text>`,
  );
}

/** Straight lines along the points, their corners rounded: the arrow stays where the layout left room for it. */
function path(points: readonly Point[]): string {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < 2) throw new Error('An arrow needs two points');
  const corners = points.slice(1, -1).map((corner, index) => {
    const before = towards(corner, points[index] ?? first);
    const after = towards(corner, points[index + 2] ?? last);
    return `L${pair(before)} Q${pair(corner)} ${pair(after)}`;
  });
  return [`M${pair(first)}`, ...corners, `L${pair(last)}`].join(' ');
}

/** A little way from one point to another, and never more than half of it. */
function towards(from: Point, to: Point): Point {
  const share = Math.min(CORNER / Math.max(Math.hypot(to.x - from.x, to.y - from.y), 1), 0.5);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function marker(id: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="${id}" d="M0 0L8 4L0 8z"/></marker>`;
}

function legend(width: number, y: number): string {
  return `<text class="label" x="${number(width / 2)}" y="${number(y)}">dashed: an error that is caught · ↻ retried first</text>`;
}

function pair({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
