const WRITE_LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** The policies of AWS's own that CDK attaches to roles, by the path of their ARN: the actions that they allow on `*`. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': ['logs:CreateLogGroup', ...WRITE_LOGS],
  'service-role/AWSLambdaVPCAccessExecutionRole': [
    ...['logs:CreateLogGroup', ...WRITE_LOGS],
    ...['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
    ...['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'],
  ],
  'service-role/AmazonECSTaskExecutionRolePolicy': [
    ...[
      'ecr:GetAuthorizationToken',
      'ecr:BatchCheckLayerAvailability',
      'ecr:GetDownloadUrlForLayer',
      'ecr:BatchGetImage',
    ],
    ...WRITE_LOGS,
  ],
  'service-role/AmazonAPIGatewayPushToCloudWatchLogs': [
    ...['logs:CreateLogGroup', 'logs:DescribeLogGroups', 'logs:DescribeLogStreams'],
    ...[...WRITE_LOGS, 'logs:GetLogEvents', 'logs:FilterLogEvents'],
  ],
  AWSXRayDaemonWriteAccess: [
    ...['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
    'xray:GetSamplingStatisticSummaries',
  ],
  CloudWatchLambdaInsightsExecutionRolePolicy: ['logs:CreateLogGroup', ...WRITE_LOGS],
};

/** The document of a policy of AWS's own, `undefined` for one that the table lacks. */
export function managedPolicy(arn: string): object | undefined {
  const path = arn.replace(/^arn:aws:iam::aws:policy\//, '');
  const actions = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
  return actions && { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: [...actions], Resource: '*' }] };
}
