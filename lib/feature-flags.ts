/**
 * CDK's feature flags that bear on this template. They stand here and not in `cdk.json`, which only the CDK CLI reads:
 * `tsx lib/app.ts` by itself yields the same template.
 */
export const FEATURE_FLAGS: Readonly<Record<string, boolean>> = {
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:checkSecretUsage': true,
  '@aws-cdk/core:enablePartitionLiterals': true,
};
