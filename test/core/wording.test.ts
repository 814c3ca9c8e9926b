import { expect, it } from 'vitest';
import { wordsOfCause } from '../../core/wording.ts';

it.each([
  ['is words', 'The run took too long.', 'The run took too long.'],
  ['is that of a function', '{"errorType":"Error","errorMessage":"No \\"luck\\".","trace":["at x"]}', 'No "luck".'],
  ['is other JSON', '{"TaskArn":"arn"}', '{"TaskArn":"arn"}'],
  ['has a message that is no text', '{"errorMessage":1}', '{"errorMessage":1}'],
  ['only looks like JSON', '{"errorMessage":"cut o', '{"errorMessage":"cut o'],
  ['is nothing', '', ''],
])('tells of a cause that %s what it says to a reader', (_, cause, words) => {
  expect(wordsOfCause(cause)).toBe(words);
});
