import { readFileSync } from 'node:fs';
import { Aws, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcards, allow, type Permission } from './allow.ts';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';

export interface OutpostStateMachineProps {
  readonly settings: OutpostSettings;
  /** The file `state-machines/<name>.asl.json`; the state machine is called `<prefix>-<name>`. */
  readonly name: string;
  /** What the definition's `${…}` stand for. */
  readonly substitutions: Readonly<Record<string, string>>;
  /** What the states call. */
  readonly permissions: readonly Permission[];
}

/** The one way that a state machine of Outpost is made. */
export class OutpostStateMachine extends Construct {
  readonly arn: string;

  private readonly name: string;

  constructor(scope: Construct, id: string, { settings, name, substitutions, permissions }: OutpostStateMachineProps) {
    super(scope, id);
    const stateMachineName = `${settings.prefix}-${name}`;
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    for (const permission of permissions) allow(role, permission);
    const stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName,
      definitionBody: DefinitionBody.fromString(
        readFileSync(new URL(`../state-machines/${name}.asl.json`, import.meta.url), 'utf8'),
      ),
      definitionSubstitutions: substitutions,
      role,
      tracingEnabled: true,
      logs: {
        // Log groups under this prefix need no policy of their own, of which an account may have ten.
        destination: outpostLogGroup(this, 'Log', settings, `/aws/vendedlogs/states/${stateMachineName}`),
        level: LogLevel.ERROR,
        includeExecutionData: false,
      },
    });
    acknowledgeWildcards(role, ['*'], 'Log delivery and X-Ray know no resources.');
    Validations.of(stateMachine).acknowledge({
      id: 'AwsSolutions-SF1',
      reason: 'Step Functions keeps the history of every execution for 90 days; the log adds what went wrong.',
    });
    this.arn = stateMachine.stateMachineArn;
    this.name = stateMachine.stateMachineName;
  }

  get start(): Permission {
    return { actions: ['states:StartExecution'], resources: [this.arn] };
  }

  /** Permission to list the executions that run. */
  get list(): Permission {
    return { actions: ['states:ListExecutions'], resources: [this.arn] };
  }

  /** Permission to answer for a task that waits with its token. */
  answer(...actions: ('states:SendTaskSuccess' | 'states:SendTaskHeartbeat')[]): Permission {
    return { actions, resources: [this.arn] };
  }

  /** Permission to look at any execution. */
  executions(...actions: ('states:GetExecutionHistory' | 'states:DescribeExecution')[]): Permission {
    return {
      actions,
      resources: [`arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${this.name}:*`],
      wildcard: 'The name of an execution is known only once it is started.',
    };
  }
}
