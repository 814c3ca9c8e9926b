import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redaction } from '../../worker/secrets/redaction.ts';
import { secretForms } from '../../worker/secrets/secret-forms.ts';

const TOKEN = 'ghp_9fK2/x+Qz~7 Ü"1';

function inPieces(redaction: Redaction, pieces: readonly Buffer[]): Buffer {
  const stream = redaction.stream();
  return Buffer.concat([...pieces.map((piece) => stream.push(piece)), stream.end()]);
}

/** The plainest way to the same: mark every byte of every form, and write the longest's name over each stretch. */
function expected(secrets: Readonly<Record<string, string>>, text: string): string {
  const matches = Object.entries(secrets).flatMap(([name, value]) =>
    secretForms(value).flatMap((form) => {
      const found: { name: string; start: number; end: number }[] = [];
      const word = form.toString('latin1');
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        found.push({ name, start: at, end: at + word.length });
      }
      return found;
    }),
  );
  const length = ({ start, end }: { start: number; end: number }) => end - start;
  matches.sort((a, b) => a.start - b.start || length(b) - length(a));
  let out = '';
  let done = 0;
  for (let i = 0; i < matches.length; ) {
    const [first] = matches.slice(i);
    if (first === undefined) break;
    let { end } = first;
    let longest = first;
    let j = i + 1;
    for (let next = matches[j]; next !== undefined && next.start < end; next = matches[++j]) {
      end = Math.max(end, next.end);
      if (length(next) > length(longest)) longest = next;
    }
    out += `${text.slice(done, first.start)}[redacted:${longest.name}]`;
    done = end;
    i = j;
  }
  return out + text.slice(done);
}

function inLines(text: string, columns: number, end: string): string {
  return text.replace(new RegExp(`.{${columns}}(?!$)`, 'g'), `$&${end}`);
}

describe('redaction', () => {
  it('writes the name of a secret in its place', () => {
    const redaction = new Redaction({ GITHUB_PAT: TOKEN });

    const text = redaction.text(`token=${TOKEN}; again ${TOKEN}${TOKEN}.`);

    expect(text).toBe('token=[redacted:GITHUB_PAT]; again [redacted:GITHUB_PAT][redacted:GITHUB_PAT].');
  });

  it.each([
    ['in JSON', JSON.stringify({ key: TOKEN }), '{"key":"[redacted:KEY]"}'],
    ['in a URL', `?key=${encodeURIComponent(TOKEN)}&`, '?key=[redacted:KEY]&'],
    [
      'in a URL with small letters',
      encodeURIComponent(TOKEN).replace(/%../g, (e) => e.toLowerCase()),
      '[redacted:KEY]',
    ],
    ['in a form', new URLSearchParams({ key: TOKEN }).toString(), 'key=[redacted:KEY]'],
    ['in base 64', Buffer.from(TOKEN).toString('base64'), '[redacted:KEY]'],
    ['in base 64 for URLs', Buffer.from(TOKEN).toString('base64url'), '[redacted:KEY]'],
  ])('knows a secret %s', (_, text, redacted) => {
    const redaction = new Redaction({ KEY: TOKEN });

    expect(redaction.text(text)).toBe(redacted);
  });

  it.each(['', 'u', 'us', 'user:'])('knows a secret within what is base 64 of more, after "%s"', (before) => {
    const redaction = new Redaction({ KEY: TOKEN });

    const text = redaction.text(Buffer.from(`${before}${TOKEN} and more`).toString('base64'));

    const rest = Buffer.from(text.replace('[redacted:KEY]', ''), 'base64').toString('latin1');
    expect(text).toContain('[redacted:KEY]');
    expect(rest).not.toContain(TOKEN.slice(3, 9));
  });

  it.each([76, 64])('knows a secret in base 64 of lines of %i characters, wherever they are cut', (columns) => {
    const key = `sk-ant-api03-${'Yx7_Qd-2Lm'.repeat(9)}AA`;
    const redaction = new Redaction({ KEY: key });
    const cases = Array.from({ length: 120 }, (_, before) => `${'u'.repeat(before)}${key}\n`);

    const texts = cases.flatMap((text) =>
      ['\n', '\r\n'].map((end) => redaction.text(inLines(Buffer.from(text).toString('base64'), columns, end))),
    );

    const shown = texts.map((text) => Buffer.from(text.replace('[redacted:KEY]', ''), 'base64').toString('latin1'));
    expect(texts.filter((text) => !text.includes('[redacted:KEY]'))).toEqual([]);
    expect(shown.filter((text) => /api03|Yx7_|AA/.test(text))).toEqual([]);
  });

  it('has few forms of a large value', () => {
    const large = 'value '.repeat(10_000);

    const bytes = secretForms(large).reduce((sum, { length }) => sum + length, 0);

    expect(bytes).toBeLessThan(20 * large.length);
  });

  it('knows each line of a value with several, and leaves the frame of a PEM file', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n';
    const redaction = new Redaction({ PEM: pem });

    expect(redaction.text('  kqhkiG9w0BAQEF\r\n')).toBe('  [redacted:PEM]\r\n');
    expect(redaction.text(JSON.stringify(pem))).toBe('"[redacted:PEM]"');
    expect(redaction.text('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
  });

  it('leaves values of fewer than 6 bytes, and names them', () => {
    const redaction = new Redaction({ SHORT: '12345', BLANK: '        ', LONG: '123456' });

    expect(redaction.tooShort).toEqual(['SHORT', 'BLANK']);
    expect(redaction.text('12345 123456         ')).toBe('12345 [redacted:LONG]         ');
  });

  it('takes the longest of secrets that begin alike, and all of those that overlap', () => {
    const redaction = new Redaction({ SHORT: 'abcdef', LONG: 'abcdefghij', NEXT: 'hijklm' });

    expect(redaction.text('abcdef.')).toBe('[redacted:SHORT].');
    expect(redaction.text('abcdefghij.')).toBe('[redacted:LONG].');
    expect(redaction.text('abcdefghijklm.')).toBe('[redacted:LONG].');
  });

  it('finds a secret at the end that lies within the beginning of a longer one', () => {
    const redaction = new Redaction({ INNER: 'cdefgh', OUTER: 'abcdefghijkl' });

    expect(inPieces(redaction, [Buffer.from('abcdefg'), Buffer.from('h')]).toString()).toBe('ab[redacted:INNER]');
  });

  it('holds nothing back that cannot be the beginning of a secret', () => {
    const stream = new Redaction({ KEY: 'secret-value' }).stream();

    const pieces = ['ready\n', 'sec', 'ond\n', 'secret-va'].map((piece) => stream.push(Buffer.from(piece)).toString());

    expect(pieces).toEqual(['ready\n', '', 'second\n', '']);
    expect(stream.end().toString()).toBe('secret-va');
  });

  it('holds little of a stretch of overlapping secrets that does not end', () => {
    const stream = new Redaction({ KEY: 'ababab' }).stream();

    const pushed = Array.from({ length: 1_000 }, () => stream.push(Buffer.from('abab')).length);

    expect(pushed.every((length) => length === 0)).toBe(true);
    expect(Buffer.concat([stream.push(Buffer.from('.')), stream.end()]).toString()).toBe('[redacted:KEY].');
  });

  it('leaves bytes that are no text as they are', () => {
    const redaction = new Redaction({ KEY: 'secret-value' });
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);

    const redacted = inPieces(redaction, [bytes, Buffer.from('secret-value'), bytes]);

    expect(redacted).toEqual(Buffer.concat([bytes, Buffer.from('[redacted:KEY]'), bytes]));
  });

  it('comes to the same wherever a text is cut', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'ab'), minLength: 1, maxLength: 12 });
    const secrets = fc.dictionary(fc.constantFrom('A', 'B', 'C'), word);
    const pieces = fc.array(fc.oneof(word, fc.constantFrom('', '.', '\n')), { maxLength: 25 });

    fc.assert(
      fc.property(secrets, pieces, (secrets, pieces) => {
        const redacted = inPieces(
          new Redaction(secrets),
          pieces.map((piece) => Buffer.from(piece)),
        );

        expect(redacted.toString('latin1')).toBe(expected(secrets, pieces.join('')));
      }),
      { numRuns: 500 },
    );
  });

  it('lets no value through, in any form, between any words', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 6, maxLength: 40 });
    const coded = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => JSON.stringify(text).slice(1, -1),
      (text) => Buffer.from(text).toString('base64'),
      (text) => Buffer.from(text).toString('base64url'),
      (text) => encodeURIComponent(text),
    );

    fc.assert(
      fc.property(value, coded, fc.nat(20), (value, code, cut) => {
        fc.pre(Buffer.byteLength(value.trim()) >= 6);
        const text = Buffer.from(`-- ${code(value)} --`);

        const redacted = inPieces(new Redaction({ KEY: value }), [text.subarray(0, cut), text.subarray(cut)]);

        expect(redacted.toString()).not.toContain(code(value));
        expect(redacted.toString()).toContain('[redacted:KEY]');
      }),
      { numRuns: 300 },
    );
  });
});
