import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { uploadClient } from '../../worker/upload/upload-client.ts';

it('signs the checksum of a body instead of the body', async () => {
  const sent: Record<string, string>[] = [];
  const requestHandler = {
    handle: async ({ headers }: { headers: Record<string, string> }) => {
      sent.push(headers);
      return { response: { statusCode: 200, headers: {} } };
    },
  };
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const client = uploadClient({ region: 'us-east-1', credentials, requestHandler });

  await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Buffer.from('123456789') }));

  // The check value of CRC-32: cbf43926.
  expect(sent).toMatchObject([
    {
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-checksum-crc32': Buffer.from('cbf43926', 'hex').toString('base64'),
    },
  ]);
  expect(sent[0]?.['authorization']).toMatch(/SignedHeaders=[^,]*x-amz-checksum-crc32;/);
});
