import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { OutpostSettings } from './settings.ts';

/** A log group that is kept as long as the records of dispatches are: 30 days. */
export function outpostLogGroup(scope: Construct, id: string, settings: OutpostSettings, name: string): LogGroup {
  return new LogGroup(scope, id, {
    logGroupName: name,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: settings.removalPolicy,
  });
}
