import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creationOrder } from '../../../local/template/creation-order.ts';

const graph = fc
  .array(fc.array(fc.nat(14), { maxLength: 4 }), { minLength: 1, maxLength: 15 })
  .map((edges) => new Map(edges.map((needed, node) => [`${node}`, new Set(needed.map(String))])));

describe('the order of creation', () => {
  it('holds every resource once, each after those it depends on, unless a cycle is named', () => {
    fc.assert(
      fc.property(graph, (dependencies) => {
        const { order, cycles } = creationOrder(dependencies);

        expect([...order].sort()).toEqual([...dependencies.keys()].sort());
        if (cycles.length > 0) return;
        const position = new Map(order.map((node, index) => [node, index]));
        for (const [node, needed] of dependencies) {
          for (const other of needed) {
            expect(position.get(other) ?? -1).toBeLessThan(position.get(node) ?? -1);
          }
        }
      }),
    );
  });

  it('names only cycles whose every member depends on the next', () => {
    fc.assert(
      fc.property(graph, (dependencies) => {
        for (const { members } of creationOrder(dependencies).cycles) {
          members.forEach((member, index) => {
            expect(dependencies.get(member)).toContain(members[(index + 1) % members.length]);
          });
        }
      }),
    );
  });

  it('keeps the order of those that do not depend on each other', () => {
    const { order } = creationOrder(new Map(['c', 'a', 'b'].map((node) => [node, new Set<string>()])));

    expect(order).toEqual(['c', 'a', 'b']);
  });
});
