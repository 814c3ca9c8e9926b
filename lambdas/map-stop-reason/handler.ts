import { S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { MapStopReasonEvent } from '../../core/workflow.ts';
import { ArtifactStore } from '../shared/artifact-store.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { instrument } from '../shared/instrument.ts';
import { mapStop } from '../shared/map-stop.ts';
import { readReport } from '../shared/stop-report.ts';

const env = readEnv({ DISPATCHES_TABLE: z.string(), ARTIFACTS_BUCKET: z.string() });
const collaborators = {
  dispatches: new DispatchStore(documentClient(), env.DISPATCHES_TABLE),
  artifacts: new ArtifactStore(new S3Client({}), env.ARTIFACTS_BUCKET),
};

export const handler = instrument('map-stop-reason', async (event: unknown) => {
  const { report, ...ref } = MapStopReasonEvent.parse(event);
  return mapStop(collaborators, ref, readReport(report));
});
