import { StateError } from '../engine/state-error.ts';
import type { IntegratedService } from './catalog.ts';
import type { Style } from './names.ts';

interface ServiceFailure {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** The state's error for what the SDK threw, with AWS's prefix: `DynamoDB.…` optimized, `DynamoDb.…` for `aws-sdk:`. */
export function asStateError(thrown: unknown, service: IntegratedService, style: Style): StateError {
  if (thrown instanceof StateError) return thrown;
  const prefix = service.prefix[style];
  if (!isServiceFailure(thrown)) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new StateError(`${prefix}.SdkClientException`, `Unable to execute HTTP request: ${reason}`);
  }
  return new StateError(`${prefix}.${exceptionName(thrown.name, service, style)}`, causeOf(thrown, service, style));
}

function isServiceFailure(thrown: unknown): thrown is ServiceFailure {
  if (!(thrown instanceof Error) || !('$metadata' in thrown)) return false;
  return (thrown.$metadata as ServiceFailure['$metadata']).httpStatusCode !== undefined;
}

/** Java's name of an exception: what the service's model does not name is the service's base exception. */
function exceptionName(name: string, service: IntegratedService, style: Style): string {
  if (!Object.hasOwn(service.module, `${name}$`)) return service.baseException[style];
  return name.endsWith('Exception') ? name : `${name}Exception`;
}

function causeOf({ name, message, $metadata }: ServiceFailure, service: IntegratedService, style: Style): string {
  const { httpStatusCode, requestId = '' } = $metadata;
  const label = service.label[style];
  if (style === 'sdk') {
    return `${message} (Service: ${label}, Status Code: ${httpStatusCode}, Request ID: ${requestId}) (SDK Attempt Count: 1)`;
  }
  return `${message} (Service: ${label}; Status Code: ${httpStatusCode}; Error Code: ${name}; Request ID: ${requestId}; Proxy: null)`;
}
