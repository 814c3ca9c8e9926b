import { z } from 'zod';
import { ReclaimSlotEvent } from '../../core/workflow.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { instrument } from '../shared/instrument.ts';
import { PoolStore } from '../shared/pool-store.ts';
import { reclaimSlot } from './reclaim-slot.ts';

const env = readEnv({ POOL_TABLE: z.string() });
const collaborators = { pool: new PoolStore(documentClient(), env.POOL_TABLE), now: () => new Date() };

export const handler = instrument('reclaim-slot', async (event: unknown) =>
  reclaimSlot(collaborators, ReclaimSlotEvent.parse(event)),
);
