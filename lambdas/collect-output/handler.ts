import { S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { CollectOutputEvent } from '../../core/workflow.ts';
import { ArtifactStore } from '../shared/artifact-store.ts';
import { collectOutput } from '../shared/collect-output.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { instrument } from '../shared/instrument.ts';

const env = readEnv({ DISPATCHES_TABLE: z.string(), ARTIFACTS_BUCKET: z.string() });
const collaborators = {
  dispatches: new DispatchStore(documentClient(), env.DISPATCHES_TABLE),
  artifacts: new ArtifactStore(new S3Client({}), env.ARTIFACTS_BUCKET),
  now: () => new Date(),
};

export const handler = instrument('collect-output', async (event: unknown) => {
  const { outcome, ...ref } = CollectOutputEvent.parse(event);
  return collectOutput(collaborators, ref, outcome);
});
