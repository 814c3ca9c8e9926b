import type { AwsResponse } from '../aws-service.ts';
import type { AwsError } from './aws-error.ts';
import { jsonError } from './json-service.ts';
import { withQueryError } from './query-error.ts';

/** An error in the shape of the service's protocol: XML for S3, JSON for the rest, with a header more for SQS. */
export function errorResponse(error: AwsError, service: string, requestId: string, resource: string): AwsResponse {
  if (service === 's3') return xmlError(error, requestId, resource);
  return service === 'sqs' ? withQueryError(jsonError(error)) : jsonError(error);
}

/** Escapes text for XML; control characters become references, as S3 writes them, though XML 1.0 has none. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\p{Cc}\ufffe\uffff]/gu, (c) => ENTITIES[c] ?? `&#x${c.charCodeAt(0).toString(16)};`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function xmlError(error: AwsError, requestId: string, resource: string): AwsResponse {
  const code = error.code === 'InternalFailure' ? 'InternalError' : error.code;
  const fields = { Code: code, Message: error.message, ...error.fields, Resource: resource, RequestId: requestId };
  const body = Object.entries(fields).map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`);
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${body.join('')}</Error>`,
  };
}
