import { createHash } from 'node:crypto';
import { NO_VALUE } from './intrinsic-functions.ts';

/** Where a template is deployed. */
export interface Deployment {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
}

/** The pseudo parameters of CloudFormation. The stack's id stays the same over restarts. */
export function pseudoParameters({ region, accountId, stackName }: Deployment): Readonly<Record<string, unknown>> {
  const digest = createHash('sha256').update(stackName).digest('hex');
  const uuid = [8, 12, 16, 20].reduceRight((id, at) => `${id.slice(0, at)}-${id.slice(at)}`, digest.slice(0, 32));
  return {
    'AWS::AccountId': accountId,
    'AWS::NoValue': NO_VALUE,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${uuid}`,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
}
