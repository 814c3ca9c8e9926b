/** Bytes of a value, or of a line of it, at the least: what is shorter occurs in any text by chance. */
export const MIN_SECRET_BYTES = 6;

/** Bytes of a value at the most that is looked for in base 64 of several lines: each has some 200 such forms. */
const MAX_WRAPPED_BYTES = 8 * 1024;

/**
 * The forms in which a secret shows up in output: the value and its trimmed text, each line of it, as JSON and URLs write
 * it, and in base 64, also in lines of 76 or 64 characters, and where it is part of a longer text (`user:token`). Each has
 * at least 6 bytes.
 */
export function secretForms(value: string): Buffer[] {
  const texts = new Set([value, value.trim(), ...linesOf(value)].filter(isLongEnough));
  const forms = new Set<string>();
  for (const text of texts) {
    for (const form of [text, inJson(text), ...inUrls(text)]) forms.add(Buffer.from(form).toString('latin1'));
  }
  // A line alone says little once it is coded; the value and its trimmed text are what programs encode.
  for (const text of [value, value.trim()].filter(isLongEnough)) for (const form of inBase64(text)) forms.add(form);
  if (isLongEnough(value)) for (const form of inWrappedBase64(value.trim())) forms.add(form);
  return [...forms].map((form) => Buffer.from(form, 'latin1')).filter(({ length }) => length >= MIN_SECRET_BYTES);
}

export function isLongEnough(text: string): boolean {
  return Buffer.byteLength(text.trim()) >= MIN_SECRET_BYTES;
}

/** The lines of a value that has several. What frames a PEM file is no secret. */
function linesOf(value: string): string[] {
  const lines = value.split(/\r\n|\r|\n/).map((line) => line.trim());
  return lines.length > 1 ? lines.filter((line) => !/^-----(BEGIN|END) [^-]*-----$/.test(line)) : [];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** `encodeURIComponent` refuses lone surrogates: those have no URL form. */
function inUrls(text: string): string[] {
  if (/\p{Surrogate}/u.test(text)) return [];
  const upper = encodeURIComponent(text);
  const forms = [upper, new URLSearchParams({ '': text }).toString().slice(1)];
  return [...forms, ...forms.map((form) => form.replace(/%../g, (code) => code.toLowerCase()))];
}

function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.toString('base64');
  const parts = [0, 1, 2].map((offset) => withinBase64(bytes, offset));
  const forms = [whole, whole.replace(/=+$/, ''), ...parts];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Characters of a line: `base64` and MIME cut at 76, OpenSSL and PEM at 64. */
const COLUMNS = [76, 64];
const LINE_ENDS = ['\n', '\r\n'];

/** By how many bytes come before it in the line that it begins in: that decides on the cuts. */
function inWrappedBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_WRAPPED_BYTES) return [];
  return COLUMNS.flatMap((columns) => {
    const places = Array.from({ length: (columns / 4) * 3 }, (_, bytesBefore) => bytesBefore);
    return places.flatMap((before) => wrapped(withinBase64(bytes, before), columns, Math.ceil((before * 8) / 6)));
  });
}

/** @param column where the first character stands in its line */
function wrapped(coded: string, columns: number, column: number): string[] {
  const lines = [coded.slice(0, columns - column)];
  for (let at = columns - column; at < coded.length; at += columns) lines.push(coded.slice(at, at + columns));
  return LINE_ENDS.map((end) => lines.join(end));
}

/** What is the same in the base 64 of every text that holds the bytes at this offset from a multiple of 3. */
function withinBase64(bytes: Buffer, offset: number): string {
  const coded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return coded.slice(first, last);
}
