import { isUtf8 } from 'node:buffer';

/** What an archive says of an entry. Names are bytes: Linux takes any but NUL, and they must come back as they were. */
export interface TarEntry {
  readonly type: 'file' | 'link' | 'folder';
  /** Relative, with `/`. */
  readonly name: Buffer;
  /** Bytes that follow the header; 0 unless it is a file. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  readonly target?: Buffer;
}

const BLOCK = 512;
const TYPE_FLAGS = { file: '0', link: '2', folder: '5' } as const;
const PAX = 'x';
const NAME_BYTES = 100;
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** The zeros that fill the last block of so many bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/**
 * The header of an entry as POSIX.1-2001 has it: a ustar block, and an extended (pax) header before it for what does
 * not fit there. Owners are left out, so that the same workspace gives the same archive.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.type === 'folder' ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name;
  const target = entry.target ?? Buffer.alloc(0);
  const records: Buffer[] = [];
  if (name.length > NAME_BYTES) records.push(paxRecord('path', name));
  if (target.length > NAME_BYTES) records.push(paxRecord('linkpath', target));
  if (entry.size > MAX_OCTAL_SIZE) records.push(paxRecord('size', Buffer.from(String(entry.size))));
  const block = ustarBlock({ ...entry, name, target, flag: TYPE_FLAGS[entry.type] });
  if (records.length === 0) return block;
  // Without this word, readers may take names in extended headers for UTF-8.
  if (!isUtf8(name) || !isUtf8(target)) records.unshift(paxRecord('hdrcharset', Buffer.from('BINARY')));
  const content = Buffer.concat(records);
  const extended = ustarBlock({
    name: Buffer.from('PaxHeader'),
    target: Buffer.alloc(0),
    size: content.length,
    mode: 0o644,
    modifiedAt: entry.modifiedAt,
    flag: PAX,
  });
  return Buffer.concat([extended, content, tarPadding(content.length), block]);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface UstarFields {
  readonly name: Buffer;
  readonly target: Buffer;
  readonly size: number;
  readonly mode: number;
  readonly modifiedAt: number;
  readonly flag: string;
}

function ustarBlock({ name, target, size, mode, modifiedAt, flag }: UstarFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, NAME_BYTES);
  block.write(octal(mode & 0o777, 8), 100, 'latin1');
  block.write(octal(0, 8), 108, 'latin1');
  block.write(octal(0, 8), 116, 'latin1');
  block.write(octal(Math.min(size, MAX_OCTAL_SIZE), 12), 124, 'latin1');
  block.write(octal(Math.min(Math.max(0, modifiedAt), MAX_OCTAL_SIZE), 12), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(flag, 156, 'latin1');
  target.copy(block, 157, 0, NAME_BYTES);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Octal digits and the NUL that ends them. */
function octal(value: number, width: number): string {
  return `${Math.floor(value)
    .toString(8)
    .padStart(width - 1, '0')}\0`;
}
