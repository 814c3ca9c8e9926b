/**
 * Numbers in [0, 1) that follow from a seed and a name (splitmix32). Streams of different names do not disturb each
 * other, so that how often one is asked changes nothing for another.
 */
export function randomStream(seed: number, name: string): () => number {
  let state = hashOf(`${seed} ${name}`);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
