import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { FEATURE_FLAGS } from './feature-flags.ts';
import { OutpostStack } from './outpost-stack.ts';
import { readSettings } from './settings.ts';

const app = new App({
  context: FEATURE_FLAGS,
  outdir: process.env['CDK_OUTDIR'] ?? 'cdk.out',
  analyticsReporting: false,
});
const settings = readSettings((key) => app.node.tryGetContext(key));
new OutpostStack(app, settings.prefix, settings);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
