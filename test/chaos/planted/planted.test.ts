import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS, whyNotApplicable } from './broken-copy.ts';

describe('the planted bugs', () => {
  it('are five', () => {
    expect(PLANTED_BUGS).toHaveLength(5);
  });

  it.each(PLANTED_BUGS)('apply to the sources as they are: $name', (bug) => {
    expect(whyNotApplicable(bug)).toBeUndefined();
  });
});
