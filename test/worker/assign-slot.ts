import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Slot, SlotRef } from '../../core/slot.ts';
import type { PoolStore } from '../../lambdas/shared/pool-store.ts';

export function bootingSlot(slotId: string): Slot {
  const createdAt = new Date().toISOString();
  return { agentType: 'shell', slotId, state: 'BOOTING', taskDefinitionArn: 'definition:1', createdAt };
}

/** What `claim-slot` writes for an attempt. */
export async function claimSlot(pool: PoolStore, ref: SlotRef, claimedBy: string): Promise<void> {
  const claimedAt = new Date().toISOString();
  const claimed = await pool.claim(ref, { claimedBy, taskDefinitionArn: 'definition:1', seenSince: '', claimedAt });
  if (!claimed) throw new Error('The slot cannot be claimed.');
}

/** What the state machine's `RunOnWarmSlot` writes. */
export async function assignSlot(
  documents: DynamoDBDocumentClient,
  TableName: string,
  { agentType, slotId }: SlotRef,
  taskToken: string,
): Promise<void> {
  await documents.send(
    new UpdateCommand({
      TableName,
      Key: { agentType, slotId },
      ConditionExpression: '#state = :claimed',
      UpdateExpression: 'SET #state = :assigned, taskToken = :token, assignedAt = :now',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: {
        ':claimed': 'CLAIMED',
        ':assigned': 'ASSIGNED',
        ':token': taskToken,
        ':now': new Date().toISOString(),
      },
    }),
  );
}
