/** Nodes that wait for each other in a circle: the last one depends on the first. */
export interface Cycle {
  readonly members: readonly string[];
}

/**
 * Orders nodes so that each comes after all that it depends on; otherwise they keep the order that they are given in.
 * @param dependencies what each node depends on; names that are not nodes themselves are passed over
 */
export function creationOrder(dependencies: ReadonlyMap<string, ReadonlySet<string>>): {
  order: string[];
  cycles: Cycle[];
} {
  const order: string[] = [];
  const cycles: Cycle[] = [];
  const done = new Set<string>();

  const visit = (node: string, trail: readonly string[]): void => {
    if (done.has(node)) return;
    const start = trail.indexOf(node);
    if (start >= 0) {
      cycles.push({ members: trail.slice(start) });
      return;
    }
    for (const needed of dependencies.get(node) ?? []) {
      if (dependencies.has(needed)) visit(needed, [...trail, node]);
    }
    done.add(node);
    order.push(node);
  };

  for (const node of dependencies.keys()) visit(node, []);
  return { order, cycles };
}
