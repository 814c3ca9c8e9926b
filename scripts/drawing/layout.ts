import { Graph, layout } from '@dagrejs/dagre';
import type { StateGraph, StateNode, Transition } from './state-graph.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box by its centre, in pixels. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Where the first arrow begins. */
  readonly start: Point;
  readonly nodes: readonly { readonly node: StateNode; readonly box: Box }[];
  readonly arrows: readonly {
    readonly transition: Transition;
    readonly points: readonly Point[];
    /** Where its label stands. */
    readonly label: Point;
  }[];
}

export const LINE_HEIGHT = 15;
const START = '(start)';
const MARGIN = 12;

/** Advance of a character in pixels, on the wide side: the reader's font is not known here. */
const NAME_ADVANCE = 8.4;
const DETAIL_ADVANCE = 6.7;
const LABEL_ADVANCE = 6.4;

/** Places the states in layers, top to bottom, so that neither boxes nor labels overlap. */
export function drawing({ start, nodes, transitions }: StateGraph): Drawing {
  const graph = new Graph({ multigraph: true });
  // Of dagre's ways to rank, this one crosses the fewest arrows.
  graph.setGraph({
    rankdir: 'TB',
    ranker: 'longest-path',
    nodesep: 28,
    edgesep: 18,
    ranksep: 26,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setNode(START, { width: 14, height: 14 });
  graph.setEdge(START, start, { weight: 10 }, START);
  for (const node of nodes) graph.setNode(node.name, boxOf(node));
  const ends = transitions.map((transition) => downward(transition, nodes));
  transitions.forEach(({ kind, label }, index) => {
    const { upper, lower } = ends[index] as Ends;
    graph.setEdge(
      upper,
      lower,
      { ...sizeOf(label), labelpos: 'r', labeloffset: 6, weight: kind === 'next' ? 4 : 1 },
      String(index),
    );
  });
  layout(graph);
  const { width, height } = graph.graph();
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    start: graph.node(START),
    nodes: nodes.map((node) => ({ node, box: graph.node(node.name) })),
    arrows: [
      { transition: { from: START, to: start, kind: 'next', label: [] }, ...arrowOf(graph.edge(START, start, START)) },
      ...transitions.map((transition, index) => {
        const { upper, lower, upward } = ends[index] as Ends;
        const { points, ...place } = graph.edge(upper, lower, String(index));
        const arrow = { ...place, points: upward ? [...points].reverse() : points };
        return { transition, ...arrowOf(arrow, transition.label) };
      }),
    ],
  };
}

interface Ends {
  readonly upper: string;
  readonly lower: string;
  readonly upward: boolean;
}

/** The file's order is the reader's: what leads back in it is drawn upwards, and moves no state. */
function downward({ from, to }: Transition, nodes: readonly StateNode[]): Ends {
  const at = (name: string) => nodes.findIndex((node) => node.name === name);
  return at(from) <= at(to) ? { upper: from, lower: to, upward: false } : { upper: to, lower: from, upward: true };
}

function boxOf({ name, type, detail }: StateNode): { width: number; height: number } {
  const text = Math.max(name.length * NAME_ADVANCE, detail.length * DETAIL_ADVANCE);
  return { width: Math.ceil(text + (type === 'Choice' ? 44 : 28)), height: 46 };
}

function sizeOf(label: readonly string[]): { width: number; height: number } {
  const longest = Math.max(0, ...label.map((line) => line.length));
  return { width: longest * LABEL_ADVANCE, height: label.length * LINE_HEIGHT };
}

function arrowOf(
  { points, x = 0, y = 0 }: { points: Point[]; x?: number; y?: number },
  label: readonly string[] = [],
): { points: Point[]; label: Point } {
  const box = { x, y, ...sizeOf(label) };
  return { points, label: crosses(points, box) ? { x, y: y + LINE_HEIGHT * 0.6 } : { x, y } };
}

/** Whether a line that slants past its label runs through it. */
function crosses(points: readonly Point[], { x, y, width, height }: Box): boolean {
  return points.slice(1).some((to, index) => {
    const from = points[index] ?? to;
    return STEPS.some((step) => {
      const [atX, atY] = [from.x + (to.x - from.x) * step, from.y + (to.y - from.y) * step];
      return Math.abs(atX - x) < width / 2 && Math.abs(atY - y) < height / 2;
    });
  });
}

const STEPS = Array.from({ length: 21 }, (_, index) => index / 20);
