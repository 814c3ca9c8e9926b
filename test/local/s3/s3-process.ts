import { BUCKET, ROLE, runS3 } from './running-s3.ts';

/** Runs a gateway and S3 as a process of its own, for a test that kills it. Ends when its parent does. */
const began = performance.now();
const { gateway } = await runS3({ folder: String(process.argv[2]) });
const credentials = gateway.credentials(ROLE, 'test');
const { accessKeyId, secretAccessKey } = credentials;
process.stdout.write(
  `${JSON.stringify({ endpoint: gateway.endpoint, accessKeyId, secretAccessKey, bucket: BUCKET, bootMs: performance.now() - began })}\n`,
);
process.stdin.resume().on('end', () => process.exit());
