import { COMPARED_AGENT, COMPARED_RATES, cheapest, type Load, type LoadComparison, type Point } from './comparison.ts';
import { amount, percent } from './text-table.ts';

type Table = (titles: readonly string[], rows: readonly (readonly string[])[]) => string;

const NONE = '–';

/** The tables of the comparison; `table` lays them out. */
export function comparisonText(comparisons: readonly LoadComparison[], table: Table): string {
  return [
    `Hit rate and idle slot-hours a day with the catalogue's least for ${COMPARED_AGENT} and at most what the peak needs:`,
    deployedTable(comparisons, table),
    "Idle slot-hours a day at that hit rate of fixed's:",
    equalTable(comparisons, table),
    'Idle slot-hours a day of the cheapest setting of each policy that reaches a hit rate:',
    cheapestTable(comparisons, table),
  ].join('\n\n');
}

/** Both policies as they are, with the same bounds. */
function deployedTable(comparisons: readonly LoadComparison[], table: Table): string {
  return table(
    ['load', 'bounds', 'fixed: hits', 'idle', 'adaptive: hits', 'idle'],
    comparisons.map(({ load, asDeployed, adaptiveAsDeployed }) => [
      loadName(load),
      asDeployed.setting,
      ...[asDeployed, adaptiveAsDeployed].flatMap((point) => [percent(point.hitRate), idle(point)]),
    ]),
  );
}

/** What the other policies need for the hit rate of `fixed`. */
function equalTable(comparisons: readonly LoadComparison[], table: Table): string {
  return table(
    ['load', 'hits, at least', 'fixed', 'adaptive', 'of fixed', 'adaptive: setting', 'oracle'],
    comparisons.map(({ load, asDeployed, adaptive, oracle }) => {
      const other = cheapest(adaptive, asDeployed.hitRate);
      return [
        loadName(load),
        ...[percent(asDeployed.hitRate), idle(asDeployed)],
        ...[idle(other), share(other, asDeployed), other?.setting ?? NONE],
        idle(cheapest(oracle, asDeployed.hitRate)),
      ];
    }),
  );
}

/** Each policy at its best, with its parameters chosen in hindsight. */
function cheapestTable(comparisons: readonly LoadComparison[], table: Table): string {
  return table(
    ['load', 'hits, at least', 'fixed', 'adaptive', 'of fixed', 'fixed: bounds', 'adaptive: setting', 'oracle'],
    comparisons.flatMap(({ load, fixed, adaptive, oracle }) =>
      COMPARED_RATES.map((rate) => {
        const [best, other] = [cheapest(fixed, rate), cheapest(adaptive, rate)];
        return [
          loadName(load),
          ...[percent(rate), idle(best), idle(other), share(other, best)],
          ...[best?.setting ?? NONE, other?.setting ?? NONE],
          idle(cheapest(oracle, rate)),
        ];
      }),
    ),
  );
}

function loadName({ shape, daily, peak }: Load): string {
  return `${shape} ${amount(daily)}${shape === 'poisson' ? '' : `, peak ${peak}`}`;
}

function idle(point: Point | undefined): string {
  return point ? amount(point.idle) : NONE;
}

function share(point: Point | undefined, of: Point | undefined): string {
  return point && of ? `${Math.round((100 * point.idle) / of.idle)} %` : NONE;
}
