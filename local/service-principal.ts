import type { LocalAws } from './aws-service.ts';

/**
 * How a service of the embedded AWS calls another in its own name, as `events.amazonaws.com` does when a rule fires: it
 * signs as the "role" `service:<principal>` and says for which resource it calls. Identity policies have no say about
 * such a caller; the called service asks its resource policies (`AWS::Lambda::Permission`, `AWS::SQS::QueuePolicy`).
 */
const PREFIX = 'service:';

/** Header with the ARN of the rule, route or schedule for which a service calls. */
export const SOURCE_ARN_HEADER = 'x-amz-source-arn';

/** Header of a `SendMessage` that only asks whether it would be taken: SQS has no call for that, and boot needs one. */
export const DRY_RUN_HEADER = 'x-amz-dry-run';

/** The "role ARN" under which a service principal, e.g. `events.amazonaws.com`, signs. */
export function serviceRole(principal: string): string {
  return `${PREFIX}${principal}`;
}

/** The service principal behind a caller's role, or `undefined` for an ordinary IAM role. */
export function servicePrincipalOf(roleArn: string): string | undefined {
  return roleArn.startsWith(PREFIX) ? roleArn.slice(PREFIX.length) : undefined;
}

/** What an SDK client needs to call another service of the embedded AWS as this role. */
export function clientConfig(aws: LocalAws, roleArn: string, sessionName: string) {
  return {
    region: aws.region,
    endpoint: aws.endpoint(),
    credentials: aws.credentials(roleArn, sessionName),
  };
}
