import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsRequest, AwsService } from '../../../local/aws-service.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../../local/gateway/gateway.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/outpost-api';

export interface EchoGateway {
  readonly gateway: Gateway;
  readonly folder: string;
  /** The requests that reached a service. */
  readonly reached: AwsRequest[];
  remove(): Promise<void>;
}

/** A gateway whose services answer everything with an empty success. */
export async function echoGateway(options: Partial<GatewayOptions> = {}): Promise<EchoGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-gateway-'));
  const gateway = await startGateway({ secretFile: join(folder, 'secret'), ...options });
  const reached: AwsRequest[] = [];
  for (const name of ['dynamodb', 's3', 'lambda']) gateway.register(echo(name, reached));
  return {
    gateway,
    folder,
    reached,
    remove: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function echo(signingName: string, reached: AwsRequest[]): AwsService {
  return {
    signingName,
    resources: {},
    handle: async (request) => {
      await request.readBody();
      reached.push(request);
      return { status: 200, body: signingName === 's3' ? '' : '{}' };
    },
    close: async () => {},
  };
}
