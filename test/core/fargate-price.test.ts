import { expect, it } from 'vitest';
import { pricePerHour } from '../../core/fargate-price.ts';

it.each([
  ['flagship', 0.079],
  ['balanced', 0.0395],
  ['fast', 0.01975],
] as const)('an hour of the size %s costs USD %f', (size, expected) => {
  expect(pricePerHour(size)).toBeCloseTo(expected, 5);
});
