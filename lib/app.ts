import { outpostApp } from './outpost-app.ts';

/** Writes the cloud assembly to `CDK_OUTDIR`, which the CDK CLI sets, or to `cdk.out`. */
const { app } = outpostApp({ outdir: process.env['CDK_OUTDIR'] ?? 'cdk.out' });
app.synth();
