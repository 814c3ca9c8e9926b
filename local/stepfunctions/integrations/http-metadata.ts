import type { JsonObject } from '../json.ts';
import type { SdkAnswer } from './sdk-call.ts';

/** What optimized integrations say about the HTTP response, beside the result. */
export function httpMetadata({ headers, status, requestId }: SdkAnswer): JsonObject {
  const named = Object.entries(headers).map(([name, value]) => [headerName(name), value] as const);
  return {
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(named.map(([name, value]) => [name, [value]])),
      HttpHeaders: Object.fromEntries(named),
      HttpStatusCode: status,
    },
    SdkResponseMetadata: { RequestId: requestId },
  };
}

/** Node gives names of headers in lower case; AWS's own headers keep theirs, the common ones are capitalised. */
function headerName(name: string): string {
  if (name === 'x-amzn-requestid') return 'x-amzn-RequestId';
  return name.startsWith('x-') ? name : name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
