import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  type IVpc,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';

/**
 * The network that agents run in: public subnets, out to anywhere, in from nowhere. Each ECS task has a public address of
 * its own and a security group that lets nothing in, so that no NAT gateway costs money while no agent runs.
 */
export class AgentNetwork extends Construct {
  readonly vpc: IVpc;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, settings: OutpostSettings) {
    super(scope, id);
    // The class says of absent members what `exactOptionalPropertyTypes` does not let its interface say.
    this.vpc = new Vpc(this, 'Vpc', {
      vpcName: settings.prefix,
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'agents', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
      // Emptying the default group takes a custom resource, and nothing here uses that group.
      restrictDefaultSecurityGroup: false,
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
    }) as IVpc;
    const flowLog = outpostLogGroup(this, 'FlowLogGroup', settings, `/${settings.prefix}/network`);
    this.vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toCloudWatchLogs(flowLog) });
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: this.vpc,
      description: 'Agents reach out and nothing reaches in',
      allowAllOutbound: true,
    });
  }
}
