import type { S3Client } from '@aws-sdk/client-s3';

/**
 * The client's signatures cover the headers alone, as with `aws s3` over HTTPS. What is uploaded is no less checked: one of
 * the headers is the body's CRC32. A SHA-256 of everything, only to be thrown away, costs a worker that has two minutes.
 */
export function signNoBody(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { headers: Record<string, string> } };
      request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'signNoBody' },
  );
  return client;
}
