import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AgentCluster } from './agent-cluster.ts';
import { DispatchApi } from './dispatch-api.ts';
import { DispatchEvents } from './dispatch-events.ts';
import { DispatchWorkflow } from './dispatch-workflow.ts';
import { Replays } from './replays.ts';
import type { OutpostSettings } from './settings.ts';
import { Settlement } from './settlement.ts';
import { Storage } from './storage.ts';
import { Sweeping } from './sweeping.ts';
import { TaskTracking } from './task-tracking.ts';
import { WarmPool } from './warm-pool.ts';

/** All of Outpost in one account and region. */
export class OutpostStack extends Stack {
  constructor(scope: Construct, id: string, settings: OutpostSettings) {
    super(scope, id, { stackName: settings.prefix, description: 'Outpost: AI coding agents in isolated ECS tasks' });
    const storage = new Storage(this, 'Storage', settings);
    const events = new DispatchEvents(this, 'Events', settings);
    const agents = new AgentCluster(this, 'Agents', { settings, storage });
    const workflow = new DispatchWorkflow(this, 'Workflow', { settings, storage, events, agents });
    const pool = new WarmPool(this, 'Pool', { settings, storage, events, agents, workflow });
    const settlement = new Settlement(this, 'Settlement', { settings, storage, events, agents, workflow });
    new TaskTracking(this, 'Tracking', { settings, storage, agents, workflow, pool, settlement });
    new Sweeping(this, 'Sweeping', { settings, storage, events, agents, workflow, settlement });
    new Replays(this, 'Replays', { settings, storage, events, workflow });
    const api = new DispatchApi(this, 'Api', { settings, storage, events, agents, workflow });

    this.output('ApiUrl', api.url, 'Where dispatches are posted');
    this.output('StateMachineArn', workflow.stateMachine.arn, 'One execution for each attempt');
    this.output('ArtifactsBucket', storage.artifacts.bucketName, 'What agents leave behind');
    this.output('ContextBucket', storage.context.bucketName, 'What agents are given');
    this.output('EventBusName', events.bus.eventBusName, 'What becomes of dispatches, and where a replay is asked for');
    this.output('ClusterName', agents.cluster.clusterName, 'Where agents run');
    this.output('TenantsTable', storage.tenants.tableName, 'Who may dispatch, and how much at once');
    this.output('ApiKeysTable', storage.apiKeys.tableName, 'The hashes of their keys');
    this.output('AgentLogGroup', agents.logGroup.logGroupName, 'What agents print');
  }

  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
