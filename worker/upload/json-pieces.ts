/** Characters that are made into one piece, so that the document of 100,000 files is never in memory as a whole. */
const PIECE_CHARACTERS = 64 * 1024;

/** JSON in which a list may be given as its items one by one. */
export type PiecemealJson = { readonly [name: string]: PiecemealJson | IterableIterator<unknown> | unknown };

/** A document as JSON, piece by piece. */
export function* jsonPieces(document: PiecemealJson): Generator<Buffer> {
  let piece = '';
  for (const text of textsOf(document)) {
    piece += text;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  yield Buffer.from(`${piece}\n`);
}

function* textsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield JSON.stringify(value);
  } else if (Symbol.iterator in value) {
    yield* listed('[', value as Iterable<unknown>, (item) => [JSON.stringify(item)], ']');
  } else {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    yield* listed('{', members, member, '}');
  }
}

function* member([name, value]: [string, unknown]): Generator<string> {
  yield `${JSON.stringify(name)}:`;
  yield* textsOf(value);
}

function* listed<T>(open: string, items: Iterable<T>, textsOfOne: (item: T) => Iterable<string>, close: string) {
  let before = open;
  for (const item of items) {
    yield before;
    yield* textsOfOne(item);
    before = ',';
  }
  yield before === open ? `${open}${close}` : close;
}
