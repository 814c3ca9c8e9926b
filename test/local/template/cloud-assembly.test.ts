import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  aws_dynamodb,
  aws_ec2,
  aws_ecs,
  aws_lambda,
  aws_s3,
  aws_stepfunctions,
  CfnOutput,
  Stack,
} from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreateResource, TemplateResource } from '../../../local/aws-service.ts';
import { readCloudAssembly } from '../../../local/template/cloud-assembly.ts';
import { deployTemplate } from '../../../local/template/deploy-template.ts';
import { WITHOUT_LOCAL_MEANING } from '../../../local/template/without-local-meaning.ts';

const where = { region: 'us-east-1', accountId: '000000000000' };
const ownTypes = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::ECS::Cluster',
  'AWS::ECS::TaskDefinition',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::StepFunctions::StateMachine',
];

let folder: string;
let assembly: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-assembly-'));
  assembly = synthesize(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a cloud assembly as CDK writes it', () => {
  it('deploys, and its assets are found where the template says they are', async () => {
    const [stack] = readCloudAssembly(assembly, where);
    const made = new Map<string, TemplateResource>();
    const creators = Object.fromEntries(ownTypes.map((type) => [type, recorder(made)]));

    const deployed = await deployTemplate(stack?.template, {
      creators,
      withoutLocalMeaning: WITHOUT_LOCAL_MEANING,
      deployment: { ...where, stackName: stack?.stackName ?? '' },
    });

    const assets = stack?.assets;
    const { Code, Environment } = propertiesOf(made, 'AWS::Lambda::Function');
    const { DefinitionS3Location: definition } = propertiesOf(made, 'AWS::StepFunctions::StateMachine');
    const { ContainerDefinitions } = propertiesOf(made, 'AWS::ECS::TaskDefinition');
    const image = assets?.image(ContainerDefinitions[0].Image);
    expect(deployed.outputs).toEqual({ Table: 'dispatches' });
    expect(Environment.Variables).toEqual({ TABLE: 'dispatches' });
    expect(readFileSync(join(assets?.file(Code.S3Bucket, Code.S3Key) ?? '', 'index.mjs'), 'utf8')).toBe('// handler');
    expect(readFileSync(assets?.file(definition.Bucket, definition.Key) ?? '', 'utf8')).toContain('JSONata');
    expect(image).toMatchObject({ target: 'shell', buildArgs: { AGENT: 'shell' }, dockerFile: 'Dockerfile' });
    expect(readFileSync(join(image?.directory ?? '', 'Dockerfile'), 'utf8')).toBe('FROM scratch');
  });

  it('names the asset that it does not hold', () => {
    const [stack] = readCloudAssembly(assembly, where);

    expect(() => stack?.assets.file('bucket', 'key.zip')).toThrow('no asset for s3://bucket/key.zip');
    expect(() => stack?.assets.image('1.dkr.ecr.us-east-1.amazonaws.com/agents:1')).toThrow('/agents:1');
  });

  it('says what is missing from a folder that holds none', () => {
    expect(() => readCloudAssembly(folder, where)).toThrow(/manifest\.json is missing: synthesize/);
  });
});

function recorder(made: Map<string, TemplateResource>): CreateResource {
  return (resource) => {
    made.set(resource.logicalId, resource);
    const name = String(resource.properties.TableName ?? resource.logicalId);
    return { ref: name, attributes: { Arn: `arn:${name}` } };
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the test looks into whatever CDK wrote.
function propertiesOf(made: ReadonlyMap<string, TemplateResource>, type: string): any {
  return [...made.values()].find((resource) => resource.type === type)?.properties;
}

function synthesize(into: string): string {
  const source = join(into, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'index.mjs'), '// handler');
  writeFileSync(join(source, 'Dockerfile'), 'FROM scratch');
  const machine = join(into, 'machine.asl.json');
  writeFileSync(
    machine,
    JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
  );

  const app = new App({ outdir: join(into, 'cdk.out') });
  const stack = new Stack(app, 'Outpost');
  const table = new aws_dynamodb.TableV2(stack, 'Dispatches', {
    tableName: 'dispatches',
    partitionKey: { name: 'id', type: aws_dynamodb.AttributeType.STRING },
  });
  const handler = new aws_lambda.Function(stack, 'Api', {
    runtime: aws_lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: aws_lambda.Code.fromAsset(source),
    environment: { TABLE: table.tableName },
  });
  table.grantReadWriteData(handler);
  new aws_s3.Bucket(stack, 'Artifacts', { enforceSSL: true });
  const { vpc } = new aws_ecs.Cluster(stack, 'Cluster');
  vpc.addGatewayEndpoint('S3', { service: aws_ec2.GatewayVpcEndpointAwsService.S3 });
  new aws_ec2.SecurityGroup(stack, 'Tasks', { vpc });
  new aws_ecs.FargateTaskDefinition(stack, 'Worker').addContainer('worker', {
    image: aws_ecs.ContainerImage.fromAsset(source, { target: 'shell', buildArgs: { AGENT: 'shell' } }),
  });
  new aws_stepfunctions.StateMachine(stack, 'Dispatch', {
    definitionBody: aws_stepfunctions.DefinitionBody.fromFile(machine),
  });
  new CfnOutput(stack, 'Table', { value: table.tableName });
  return app.synth().directory;
}
