import { createHash } from 'node:crypto';
import type { ResourceValues, TemplateResource } from '../aws-service.ts';

type StandIn = (resource: TemplateResource) => ResourceValues;

/**
 * The CloudFormation types that mean nothing on one machine: the template may hold them, nothing is created, and what
 * refers to them gets a value of the right shape. Everything else is created or refused.
 */
export const WITHOUT_LOCAL_MEANING: Readonly<Record<string, StandIn>> = {
  // There is one network here, the loopback interface: addresses, routes and filters have nothing to act on.
  'AWS::EC2::VPC': ({ logicalId, properties }) => ({
    ref: awsId('vpc', logicalId),
    attributes: {
      VpcId: awsId('vpc', logicalId),
      CidrBlock: text(properties.CidrBlock),
      DefaultNetworkAcl: awsId('acl', logicalId),
      DefaultSecurityGroup: awsId('sg', logicalId),
    },
  }),
  'AWS::EC2::Subnet': ({ logicalId, properties }) => ({
    ref: awsId('subnet', logicalId),
    attributes: {
      SubnetId: awsId('subnet', logicalId),
      AvailabilityZone: text(properties.AvailabilityZone),
      CidrBlock: text(properties.CidrBlock),
      VpcId: text(properties.VpcId),
    },
  }),
  'AWS::EC2::SecurityGroup': ({ logicalId, properties }) => ({
    ref: awsId('sg', logicalId),
    attributes: { GroupId: awsId('sg', logicalId), VpcId: text(properties.VpcId) },
  }),
  'AWS::EC2::SecurityGroupIngress': identified('sgr', 'Id'),
  'AWS::EC2::SecurityGroupEgress': identified('sgr', 'Id'),
  'AWS::EC2::InternetGateway': identified('igw', 'InternetGatewayId'),
  'AWS::EC2::EgressOnlyInternetGateway': identified('eigw', 'Id'),
  'AWS::EC2::VPCGatewayAttachment': identified('attachment'),
  'AWS::EC2::VPCCidrBlock': identified('vpc-cidr-assoc', 'Id'),
  'AWS::EC2::NatGateway': identified('nat', 'NatGatewayId'),
  'AWS::EC2::EIP': ({ logicalId }) => ({
    ref: '192.0.2.1',
    attributes: { AllocationId: awsId('eipalloc', logicalId), PublicIp: '192.0.2.1' },
  }),
  'AWS::EC2::RouteTable': identified('rtb', 'RouteTableId'),
  'AWS::EC2::Route': identified('route'),
  'AWS::EC2::SubnetRouteTableAssociation': identified('rtbassoc', 'Id'),
  'AWS::EC2::NetworkAcl': identified('acl', 'Id'),
  'AWS::EC2::NetworkAclEntry': identified('acl-entry', 'Id'),
  'AWS::EC2::SubnetNetworkAclAssociation': identified('aclassoc', 'AssociationId'),
  // Clients reach every service through AWS_ENDPOINT_URL.
  'AWS::EC2::VPCEndpoint': identified('vpce', 'Id'),
  // There is no traffic between machines to record.
  'AWS::EC2::FlowLog': identified('fl', 'Id'),

  // The data folder is as private as the operator's own files; its keys would lie beside it.
  'AWS::KMS::Key': ({ logicalId }) => {
    const keyId = createHash('sha256').update(logicalId).digest('hex').slice(0, 32);
    return { ref: keyId, attributes: { KeyId: keyId, Arn: `arn:aws:kms:us-east-1:000000000000:key/${keyId}` } };
  },
  'AWS::KMS::Alias': ({ properties }) => ({ ref: text(properties.AliasName) }),

  // Nobody is woken by a program on their own machine: metrics go to the logs, alarms and dashboards to nowhere.
  'AWS::CloudWatch::Alarm': named('AlarmName', 'alarm'),
  'AWS::CloudWatch::CompositeAlarm': named('AlarmName', 'alarm'),
  'AWS::CloudWatch::Dashboard': named('DashboardName', 'dashboard'),
  'AWS::Logs::MetricFilter': named('FilterName', 'metric-filter'),
  'AWS::Logs::QueryDefinition': identified('query', 'QueryDefinitionId'),
  'AWS::SNS::Topic': ({ logicalId, properties }) => {
    const name = text(properties.TopicName) || logicalId;
    const arn = `arn:aws:sns:us-east-1:000000000000:${name}`;
    return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
  },
  'AWS::SNS::Subscription': identified('subscription', 'Arn'),
  'AWS::SNS::TopicPolicy': identified('topic-policy', 'Id'),

  // The log group's own retention is what counts; the data folder belongs to whoever runs it.
  'Custom::LogRetention': named('LogGroupName', 'log-retention'),
  // It empties a bucket when its stack is deleted; here a stack is deleted with its folder.
  'Custom::S3AutoDeleteObjects': identified('auto-delete-objects'),
  // It strips the rules off a security group that doesn't exist here.
  'Custom::VpcRestrictDefaultSG': identified('restrict-default-sg'),
};

/** A resource whose `Ref` is an id made by AWS: the same one over restarts. */
function identified(prefix: string, ...attributes: string[]): StandIn {
  return ({ logicalId }) => {
    const ref = awsId(prefix, logicalId);
    return { ref, attributes: Object.fromEntries(attributes.map((attribute) => [attribute, ref])) };
  };
}

/** A resource whose `Ref` is its name, given or made. */
function named(property: string, kind: string): StandIn {
  return ({ logicalId, properties }) => {
    const ref = text(properties[property]) || awsId(kind, logicalId);
    return { ref, attributes: { Arn: `arn:aws:cloudwatch:us-east-1:000000000000:${kind}:${ref}` } };
  };
}

function awsId(prefix: string, logicalId: string): string {
  return `${prefix}-${createHash('sha256').update(logicalId).digest('hex').slice(0, 17)}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
