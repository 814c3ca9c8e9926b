/** A reproducible source of chance: the same seed, the same numbers. */
export interface Random {
  /** From 0 to 1, never 1. */
  uniform(): number;
  /** A whole number from 0 to `below`, never `below`. */
  index(below: number): number;
  /** Normally distributed, mean 0, deviation 1. */
  normal(): number;
  /** Log-normally distributed around a median; `spread` is the deviation of its logarithm. */
  aroundMedian(median: number, spread: number): number;
}

/** @param stream parts of one simulation draw from streams of their own, so that one does not shift the other */
export function random(seed: number, stream: number): Random {
  const uniform = mixed(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca77));
  // The square root is of a number that is never infinite: 1 - uniform() is never 0.
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    index: (below) => Math.floor(uniform() * below),
    normal,
    aroundMedian: (median, spread) => median * Math.exp(spread * normal()),
  };
}

/** A Weyl sequence whose every member is mixed by multiplications and shifts. Good for simulations, not for secrets. */
function mixed(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32;
  };
}
