import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { FEATURE_FLAGS } from './feature-flags.ts';
import { OutpostStack } from './outpost-stack.ts';
import { readSettings } from './settings.ts';

/**
 * The CDK app: one stack, held to cdk-nag's `AwsSolutions`. An unacknowledged finding fails the synthesis.
 * @param props `context` as in `readSettings`; what the CDK CLI was told comes before it
 * @throws Error naming every setting that is not allowed
 */
export function outpostApp({ context, ...props }: AppProps): { app: App; stack: OutpostStack } {
  const app = new App({
    context: { ...FEATURE_FLAGS, ...context },
    analyticsReporting: false,
    treeMetadata: false,
    ...props,
  });
  const settings = readSettings((key) => app.node.tryGetContext(key));
  const stack = new OutpostStack(app, settings.prefix, settings);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, stack };
}
