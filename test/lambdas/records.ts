import { ulid } from 'ulid';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Slot } from '../../core/slot.ts';
import type { WorkerResult } from '../../core/worker-result.ts';

export const DISPATCH_ID = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
export const TASK_ARN = 'arn:aws:ecs:us-east-1:000000000000:task/outpost/0123456789abcdef0123456789abcdef';
export const NOW = '2026-03-01T12:00:00.000Z';
export const SHA256 = 'a'.repeat(64);

export function aRecord(fields: Partial<DispatchRecord> = {}): DispatchRecord {
  return {
    dispatchId: DISPATCH_ID,
    attempt: 1,
    tenantId: 'acme',
    agent: 'shell',
    status: 'PENDING',
    taskPreview: 'echo hello',
    timeoutSeconds: 60,
    createdAt: '2026-03-01T11:59:00.000Z',
    updatedAt: '2026-03-01T11:59:00.000Z',
    expiresAt: 1_800_000_000,
    ...fields,
  };
}

export function aResult(fields: Partial<WorkerResult> = {}): WorkerResult {
  return { version: 1, dispatchId: DISPATCH_ID, attempt: 1, endedBy: 'agent', exitCode: 0, endedAt: NOW, ...fields };
}

export function aManifest(fields: Partial<Manifest> = {}): Manifest {
  return {
    version: 1,
    dispatchId: DISPATCH_ID,
    attempt: 1,
    createdAt: NOW,
    files: [
      { path: 'report.md', type: 'file', size: 7, sha256: SHA256 },
      { path: 'deep/nested.txt', type: 'file', size: 5, sha256: SHA256 },
    ],
    skipped: [],
    objects: [
      { name: 'workspace.tar.gz', size: 100, sha256: SHA256 },
      { name: 'output.log', size: 10, sha256: SHA256 },
    ],
    ...fields,
  };
}

export const REVISION = 'arn:aws:ecs:us-east-1:000000000000:task-definition/outpost-shell:3';

/** A slot that waits, and was seen just now. */
export function aSlot(fields: Partial<Slot> = {}): Slot {
  return {
    agentType: 'shell',
    slotId: ulid(),
    state: 'WARM',
    taskDefinitionArn: REVISION,
    createdAt: '2026-03-01T11:50:00.000Z',
    taskArn: TASK_ARN,
    warmAt: '2026-03-01T11:51:00.000Z',
    seenAt: NOW,
    ...fields,
  };
}
