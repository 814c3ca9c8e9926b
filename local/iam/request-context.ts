import type { Caller, LocalAws } from '../aws-service.ts';
import type { RequestContext } from './conditions.ts';

/** The condition keys that every request carries. */
export function requestContext(aws: LocalAws, caller: Caller): RequestContext {
  const now = new Date();
  return {
    'aws:PrincipalArn': [caller.roleArn],
    'aws:PrincipalAccount': [aws.accountId],
    'aws:ResourceAccount': [aws.accountId],
    'aws:RequestedRegion': [aws.region],
    // The requests of AWS's own SDKs are encrypted there; that they aren't on the loopback interface is ours to hide.
    'aws:SecureTransport': ['true'],
    'aws:CurrentTime': [now.toISOString()],
    'aws:EpochTime': [String(Math.floor(now.getTime() / 1000))],
  };
}
