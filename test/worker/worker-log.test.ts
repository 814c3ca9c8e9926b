import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WorkerLog } from '../../worker/worker-log.ts';

const LINE = Buffer.from('a line\n');

describe('the container log', () => {
  it('takes lines no faster than they are read', async () => {
    const sink = new PassThrough({ highWaterMark: 4 });
    const log = new WorkerLog(sink);
    let taken = false;

    const written = log.write(LINE).then(() => {
      taken = true;
    });
    const before = taken;
    const read = sink.read();
    await written;

    expect({ before, read }).toEqual({ before: false, read: LINE });
  });

  it.each([
    { case: 'fails', leave: (sink: Writable) => sink.destroy(new Error('EPIPE')) },
    { case: 'leaves', leave: (sink: Writable) => sink.destroy() },
  ])('holds nobody up when its reader $case', async ({ leave }) => {
    const sink = new Writable({ highWaterMark: 4, write: () => {} });
    const log = new WorkerLog(sink);

    const written = log.write(LINE);
    leave(sink);

    await expect(written).resolves.toBeUndefined();
    await expect(log.write(LINE)).resolves.toBeUndefined();
    await expect(log.flush()).resolves.toBeUndefined();
  });

  it('holds nobody up once its reader is given up', async () => {
    const log = new WorkerLog(new Writable({ highWaterMark: 4, write: () => {} }));

    const written = log.write(LINE);
    log.abandon();

    await expect(written).resolves.toBeUndefined();
  });

  it('is written when it is flushed', async () => {
    const written: string[] = [];
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        written.push(String(chunk));
        setImmediate(done);
      },
    });
    const log = new WorkerLog(sink);

    log.say('one');
    log.say('two');
    await log.flush();

    expect(written.join('')).toBe('[outpost] one\n[outpost] two\n');
  });
});
