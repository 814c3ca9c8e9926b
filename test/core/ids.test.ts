import { describe, expect, it } from 'vitest';
import { attemptName, DispatchId, parseAttemptName } from '../../core/ids.ts';

const ID = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';

describe('the name of an attempt', () => {
  it('tells the dispatch and the attempt again', () => {
    const name = attemptName({ dispatchId: ID, attempt: 12 });

    expect(parseAttemptName(name)).toEqual({ dispatchId: ID, attempt: 12 });
  });

  it.each(['', ID, `${ID}-0`, `${ID}-1x`, `${ID}-01`, `x${ID}-1`, `${ID.toLowerCase()}-1`, 'by-hand'])(
    'knows that %j is none of ours',
    (name) => {
      expect(parseAttemptName(name)).toBeUndefined();
    },
  );
});

it.each(['8ZZZZZZZZZZZZZZZZZZZZZZZZZ', '01J9ZK6W3N8R5T7V9X1Y3Z5A7', `${ID}\n`, '01J9ZK6W3N8R5T7V9X1Y3Z5AIL'])(
  'refuses %j as a dispatch id',
  (id) => {
    expect(DispatchId.safeParse(id).success).toBe(false);
  },
);
