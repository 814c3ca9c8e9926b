import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeadLetter, deadLetterQueueNames, openDeadLetterQueue } from '../../scripts/redrive/dead-letter-queue.ts';
import { look } from '../../scripts/redrive/look.ts';
import { sendBack } from '../../scripts/redrive/send-back.ts';
import { letterText } from '../../scripts/redrive/texts.ts';
import { type DeadLettersInTest, startDeadLetters } from './dead-letters-in-test.ts';

let stand: DeadLettersInTest;

beforeEach(async () => {
  stand = await startDeadLetters();
});

afterEach(() => stand.destroy());

const NUMBERS = Array.from({ length: 15 }, (_, index) => String(10 + index));
const LETTER: DeadLetter = { messageId: '1', receiptHandle: '1', body: '{}', sentAt: new Date(0), attributes: {} };
const everything = () => ({ limit: Number.POSITIVE_INFINITY, before: new Date(Date.now() + 1000), show: () => {} });

describe('sending dead letters back', () => {
  it('hands each event to the function, and deletes it', async () => {
    const invoked: string[] = [];
    await stand.put(...NUMBERS);

    const { accepted, refused } = await sendBack(stand.queue, async (body) => void invoked.push(body), everything());

    expect(invoked.sort()).toEqual(NUMBERS);
    expect({ accepted, refused }).toEqual({ accepted: 15, refused: [] });
    expect(await stand.left()).toEqual([]);
  });

  it('leaves what is not accepted where it is, and hands over the rest', async () => {
    const isOdd = (body: string) => Number(body) % 2 === 1;
    await stand.put(...NUMBERS);

    const { accepted, refused } = await sendBack(
      stand.queue,
      async (body) => {
        if (isOdd(body)) throw new Error(`Not ${body}`);
      },
      everything(),
    );

    expect(accepted).toBe(8);
    expect(refused.map(({ letter, error }) => [letter.body, String(error)]).sort()).toEqual(
      NUMBERS.filter(isOdd).map((body) => [body, `Error: Not ${body}`]),
    );
    expect(await stand.left()).toEqual(NUMBERS.filter(isOdd));
  });

  it('gives up where nothing is accepted, and loses nothing', async () => {
    let tries = 0;
    await stand.put(...NUMBERS);

    const { accepted } = await sendBack(
      stand.queue,
      async () => {
        tries++;
        throw new Error('No function');
      },
      everything(),
    );

    expect({ accepted, tries }).toEqual({ accepted: 0, tries: 10 });
    expect(await stand.left()).toEqual(NUMBERS);
  });

  it('hands over so many as it is told to', async () => {
    await stand.put(...NUMBERS);

    const { accepted } = await sendBack(stand.queue, async () => {}, { ...everything(), limit: 13 });

    expect(accepted).toBe(13);
    expect(await stand.left()).toHaveLength(2);
  });

  it('leaves what has come since, so that a function that fails at once is not called for ever', async () => {
    await stand.put('1', '2', '3');
    const before = new Date(Date.now() + 1);
    await expect.poll(() => Date.now()).toBeGreaterThan(before.getTime());

    const { accepted } = await sendBack(stand.queue, (body) => stand.put(`${body} again`), { ...everything(), before });

    expect(accepted).toBe(3);
    expect(await stand.left()).toEqual(['1 again', '2 again', '3 again']);
  });
});

describe('one letter', () => {
  it('is sent back alone, and the others stay', async () => {
    const shown: DeadLetter[] = [];
    await stand.put(...NUMBERS);
    await look(stand.queue, 3, (letter) => shown.push(letter));
    const [, meant] = shown;
    const invoked: string[] = [];

    const { accepted } = await sendBack(stand.queue, async (body) => void invoked.push(body), {
      ...everything(),
      only: meant?.messageId,
    });

    expect({ accepted, invoked }).toEqual({ accepted: 1, invoked: [meant?.body] });
    expect(await stand.left()).toEqual(NUMBERS.filter((body) => body !== meant?.body));
  });
});

describe('looking at dead letters', () => {
  it('shows all of them once, and leaves them to be received by others at once', async () => {
    const shown: DeadLetter[] = [];
    await stand.put(...NUMBERS);

    const count = await look(stand.queue, Number.POSITIVE_INFINITY, (letter) => shown.push(letter));

    expect(count).toBe(15);
    expect(shown.map(({ body }) => body).sort()).toEqual(NUMBERS);
    expect(await stand.left()).toEqual(NUMBERS);
  });

  it('shows as many as it is told to', async () => {
    const shown: DeadLetter[] = [];
    await stand.put(...NUMBERS);

    await look(stand.queue, 12, (letter) => shown.push(letter));

    expect(shown).toHaveLength(12);
  });

  it('tells its id, when it came, why, what it is about, and how it begins', async () => {
    const shown: DeadLetter[] = [];
    const dispatchId = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
    await stand.put(`{\n"long": "\u009b31m${'x'.repeat(300)}", "detail": {"dispatchId": "${dispatchId}"}}`);

    await look(stand.queue, 1, (letter) => shown.push(letter));

    const [first, second, third, ...others] = shown.map(letterText).join('').split('\n');
    expect(others).toEqual([]);
    expect(first).toMatch(/ {2}\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(first).toContain(shown[0]?.messageId);
    expect(second).toMatch(/^ {2}failed: no \{/);
    expect(third).toMatch(/^ {2}01J9ZK6W3N8R5T7V9X1Y3Z5A7B {2}\{ "long": "x{180,190}$/);
  });

  it('tells which rule could not hand an event over', () => {
    const RULE_ARN = 'arn:aws:events:us-east-1:000000000000:rule/outpost/outpost-replay-requested';
    const attributes = { RULE_ARN, ERROR_CODE: 'NO_PERMISSIONS', ERROR_MESSAGE: 'not authorized', TARGET_ARN: 'arn' };

    const text = letterText({ ...LETTER, attributes });

    expect(text).toContain('not handed over by outpost-replay-requested: NO_PERMISSIONS, not authorized\n');
  });
});

describe('the dead-letter queue of a function', () => {
  it.each(['settle', 'outpost-settle', 'outpost-settle-dead-letters', 'settle-dead-letters'])(
    'is meant by %s',
    (given) => {
      expect(deadLetterQueueNames(given, 'outpost')).toEqual({
        functionName: 'outpost-settle',
        queueName: 'outpost-settle-dead-letters',
      });
    },
  );

  it('is named among those that are there, where another one is asked for', async () => {
    const opening = openDeadLetterQueue(stand.client, 'outpost-sweeep-dead-letters', 'outpost');

    await expect(opening).rejects.toThrow(
      'there is no queue outpost-sweeep-dead-letters here. There is: outpost-settle-dead-letters',
    );
  });
});
