import { SIZES, type Size } from './agents.ts';

/**
 * On-demand USD of Fargate, Linux/ARM, in us-east-1, without Savings Plans, Spot or tax.
 * Source: AWS's page "AWS Fargate Pricing", as of March 2026. Billed from the image's download to the ECS task's stop.
 */
export const FARGATE_PRICE = {
  asOf: '2026-03',
  region: 'us-east-1',
  platform: 'Linux/ARM',
  vcpuHour: 0.03238,
  gbHour: 0.00356,
} as const;

/** USD for an hour of an ECS task of this size. Its 20 GB of ephemeral storage are included. */
export function pricePerHour(size: Size): number {
  const { cpu, memoryMiB } = SIZES[size];
  return (cpu / 1024) * FARGATE_PRICE.vcpuHour + (memoryMiB / 1024) * FARGATE_PRICE.gbHour;
}
