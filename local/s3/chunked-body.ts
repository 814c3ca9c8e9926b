import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { AwsError } from '../gateway/aws-error.ts';
import { incompleteBody, invalidRequest } from './s3-error.ts';

const LINE_LIMIT = 8 * 1024;
const EMPTY_HASH = createHash('sha256').update('').digest('hex');

/** What a signed chunked body is checked with. */
export interface ChunkSigner {
  /** The signature of the request's headers, with which the chain begins. */
  readonly seed: string;
  /** Signs `algorithm\n<time>\n<scope>\n` and these lines. */
  sign(algorithm: string, lines: readonly string[]): string;
}

type State = 'size' | 'data' | 'data end' | 'trailer' | 'done';

/**
 * Decodes `aws-chunked`: chunks with their size in hex before them, a last one of size 0, and trailing headers. Where
 * there is a signer, each chunk and the trailer must carry its signature, which covers the one before.
 */
export class ChunkedBody extends Transform {
  readonly trailers = new Map<string, string>();
  private state: State = 'size';
  private line = Buffer.alloc(0);
  private left = 0;
  private hash: Hash | undefined;
  private signature = '';
  private previous: string;

  constructor(
    private readonly signer: ChunkSigner | undefined,
    private readonly hasTrailer: boolean,
  ) {
    super();
    this.previous = signer?.seed ?? '';
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      for (let rest = chunk; rest.length > 0; )
        rest = this.state === 'data' ? this.takeData(rest) : this.takeLine(rest);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    // Some clients leave out the empty line at the very end.
    const ended = this.state === 'done' || (this.state === 'trailer' && this.line.length === 0 && !this.signer);
    done(ended ? null : incompleteBody());
  }

  private takeData(bytes: Buffer): Buffer {
    const data = bytes.subarray(0, this.left);
    this.push(data);
    this.hash?.update(data);
    this.left -= data.length;
    if (this.left === 0) this.state = 'data end';
    return bytes.subarray(data.length);
  }

  private takeLine(bytes: Buffer): Buffer {
    if (this.state === 'done') throw malformedChunk();
    const at = bytes.indexOf(0x0a);
    const taken = at < 0 ? bytes : bytes.subarray(0, at + 1);
    if (this.line.length + taken.length > LINE_LIMIT) throw malformedChunk();
    this.line = Buffer.concat([this.line, taken]);
    if (at < 0) return bytes.subarray(bytes.length);
    const line = this.line.toString('latin1').replace(/\r?\n$/, '');
    this.line = Buffer.alloc(0);
    this.endOfLine(line);
    return bytes.subarray(taken.length);
  }

  private endOfLine(line: string): void {
    if (this.state === 'size') this.beginChunk(line);
    else if (this.state === 'data end') this.endChunk(line);
    else if (line !== '') this.addTrailer(line);
    else this.endTrailer();
  }

  private beginChunk(line: string): void {
    const match = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line.trim());
    if (!match || (this.signer && match[2] === undefined)) throw malformedChunk();
    this.left = Number.parseInt(match[1] ?? '', 16);
    this.signature = match[2] ?? '';
    this.hash = this.signer && createHash('sha256');
    this.state = this.left > 0 ? 'data' : 'trailer';
    if (this.left === 0) this.checkChunk();
  }

  private endChunk(line: string): void {
    if (line !== '') throw malformedChunk();
    this.checkChunk();
    this.state = 'size';
  }

  private checkChunk(): void {
    if (!this.signer || !this.hash) return;
    const lines = [this.previous, EMPTY_HASH, this.hash.digest('hex')];
    this.follow(this.signer.sign('AWS4-HMAC-SHA256-PAYLOAD', lines), this.signature);
  }

  private addTrailer(line: string): void {
    const at = line.indexOf(':');
    if (at <= 0 || this.trailers.size >= 10) throw malformedChunk();
    this.trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }

  private endTrailer(): void {
    if (this.signer && this.hasTrailer) {
      const headers = [...this.trailers].filter(([name]) => name !== 'x-amz-trailer-signature');
      const hash = createHash('sha256').update(headers.map(([name, value]) => `${name}:${value}\n`).join(''));
      const expected = this.signer.sign('AWS4-HMAC-SHA256-TRAILER', [this.previous, hash.digest('hex')]);
      this.follow(expected, this.trailers.get('x-amz-trailer-signature') ?? '');
    }
    this.state = 'done';
  }

  private follow(expected: string, given: string): void {
    if (expected !== given) {
      const message =
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
      throw new AwsError('SignatureDoesNotMatch', message, { status: 403 });
    }
    this.previous = given;
  }
}

function malformedChunk(): AwsError {
  return invalidRequest('The body is not well-formed aws-chunked data.');
}
