import { describe, expect, it } from 'vitest';
import { arnMatcher, arnOverlap, wildcard } from '../../../local/iam/patterns.ts';

describe('a pattern', () => {
  it.each([
    ['a.c', 'abc', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a*', 'a\nb', true],
    ['*(x)', 'y(x)', true],
    ['a*c', 'ab', false],
  ])('%s against %j is %s', (pattern, text, expected) => {
    expect(wildcard(pattern)(text)).toBe(expected);
  });

  it.each([
    ['*', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/k/l', true],
    ['arn:aws:logs:*:*:log-group:/g:*', 'arn:aws:logs:us-east-1:0:log-group:/g:log-stream:s', true],
    ['arn:aws:logs:*:log-group:/g:*', 'arn:aws:logs:us-east-1:0:log-group:/g:s', false],
    ['arn:aws:ecs:us-east-1:0:task/c/*', 'arn:aws:ecs:us-east-1:0:task/d/1', false],
  ])('of ARNs, %s against %s is %s', (pattern, arn, expected) => {
    expect(arnMatcher(pattern)(arn)).toBe(expected);
  });

  it.each([
    ['*', true],
    ['arn:aws:states:us-east-1:0:*', true],
    ['arn:aws:states:us-east-1:0:state*', true],
    ['arn:aws:states:us-east-1:0:stateMachine:one', true],
    ['arn:aws:states:us-east-1:0:execution:one:*', false],
    ['arn:aws:states:eu-west-1:0:stateMachine:one', false],
    ['arn:aws:states:us-east-1:0:state', false],
  ])('%s allows some state machine: %s', (pattern, expected) => {
    expect(arnOverlap(pattern, 'arn:aws:states:us-east-1:0:stateMachine:')).toBe(expected);
  });
});
