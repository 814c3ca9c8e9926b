import { isUtf8 } from 'node:buffer';

/** What a reader does not see or that moves what they see: controls, line separators, marks of writing direction. */
export const UNSEEN = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

const MAX_NAME = 160;

/**
 * A path on one line, as text that can stand in a Markdown code span or block: whatever is not UTF-8, cannot be seen or
 * is a backtick comes as an escape. Long ones lose their middle.
 */
export function shownPath(path: Buffer): string {
  const text = isUtf8(path) ? path.toString('utf8') : asciiOf(path);
  const escaped = (isUtf8(path) ? text.replaceAll('\\', '\\\\') : text)
    .replace(UNSEEN, codeOf)
    .replaceAll('`', '\\x60');
  if (escaped.length <= MAX_NAME) return escaped;
  return `${cut(escaped, MAX_NAME / 2)}…${[...escaped.slice(-MAX_NAME / 2 + 1)].slice(1).join('')}`;
}

/** Text of one line from outside, such as the subject of a commit. */
export function shownLine(text: string): string {
  return shownPath(Buffer.from(text));
}

/** The content of a file, or nothing where it is no text. Lines end in `\n`; what cannot be seen comes as an escape. */
export function shownContent(content: Buffer): string | undefined {
  if (content.includes(0) || !isUtf8(content)) return undefined;
  const text = content
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n');
  return text.replace(UNSEEN, (character) =>
    character === '\n' || character === '\t' ? character : codeOf(character),
  );
}

/** Text in a block that nothing in it can close. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}${text.endsWith('\n') || text === '' ? '' : '\n'}${fence}\n`;
}

/** The beginning of a text, at most so many characters, without half of one at its end. */
export function cut(text: string, length: number): string {
  return text.slice(0, Math.max(0, length)).replace(/[\ud800-\udbff]$/, '');
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const short: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r' };
  return short[code] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}

/** Bytes beyond ASCII as `\xff`. */
function asciiOf(path: Buffer): string {
  const text = path.toString('latin1').replaceAll('\\', '\\\\');
  return text.replace(/[\x80-\xff]/g, codeOf);
}
