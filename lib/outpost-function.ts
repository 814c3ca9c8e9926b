import { join } from 'node:path';
import type { Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, type FunctionOptions, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { allow, type Permission } from './allow.ts';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';

/** MiB for a function that reads manifests of up to `MAX_MANIFEST_BYTES`: measured, 64 MiB of them take some 500. */
export const MANIFEST_READER_MIB = 1024;

export interface OutpostFunctionProps {
  readonly settings: OutpostSettings;
  /** The folder under `lambdas/`; the function is called `<prefix>-<name>`. */
  readonly name: string;
  readonly description: string;
  /** What the function's `readEnv` asks for. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  /** MiB. @default 256 */
  readonly memorySize?: number;
  /** What the function calls, beside writing its log. */
  readonly permissions: readonly Permission[];
  /** What becomes of events that nobody waits for the answer to. @default Lambda's own, for functions that are waited for */
  readonly asynchronous?: Pick<FunctionOptions, 'maxEventAge' | 'retryAttempts' | 'deadLetterQueue'>;
}

/** The one way that a Lambda function of Outpost is made. */
export class OutpostFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: OutpostFunctionProps) {
    super(scope, id);
    const { settings, name, asynchronous = {} } = props;
    const functionName = `${settings.prefix}-${name}`;
    const logGroup = outpostLogGroup(this, 'Log', settings, `/aws/lambda/${functionName}`);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    for (const permission of props.permissions) allow(role, permission);
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(settings.assets, 'lambdas', name)),
      handler: 'index.handler',
      memorySize: props.memorySize ?? 256,
      timeout: props.timeout,
      role,
      logGroup,
      environment: { ...RUNTIME_ENVIRONMENT, ...props.environment },
      ...asynchronous,
    });
  }
}

/** What Node and Powertools read by themselves. */
const RUNTIME_ENVIRONMENT = { NODE_OPTIONS: '--enable-source-maps', POWERTOOLS_LOG_LEVEL: 'INFO' } as const;
