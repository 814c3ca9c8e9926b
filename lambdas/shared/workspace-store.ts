import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { PersistentWorkspace, TENANT_UIDS, type WorkspaceSize } from '../../core/persistent-workspace.ts';
import {
  anyOf,
  type ConditionalUpdate,
  is,
  isAbsent,
  isLessThan,
  updatedItemIf,
  updateIf,
} from './conditional-update.ts';

/** Which workspace. Neither part can begin with `#`. */
export interface WorkspaceRef {
  readonly userId: string;
  readonly workspaceId: string;
}

/** Who holds a workspace, and until when: milliseconds since the epoch. */
export interface Hold {
  /** The attempt's name. */
  readonly heldBy: string;
  readonly heldUntil: number;
}

/** What is known of a workspace when a dispatch is done with it. */
export interface LastUse {
  readonly lastUsedAt: string;
  readonly lastDispatchId: string;
  /** @default it was not counted: the size of before stays */
  readonly size?: WorkspaceSize | undefined;
}

const NEXT_UID = { userId: '#uids', workspaceId: '#next' };
const UID_OF_TENANT = '#uid';
const TenantUser = z.object({ uid: z.int().min(TENANT_UIDS.first).max(TENANT_UIDS.last) });

/** The workspaces table. A lost race is `false` or `undefined`; a throttle is an exception. */
export class WorkspaceStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async get({ userId, workspaceId }: WorkspaceRef): Promise<PersistentWorkspace | undefined> {
    const item = await this.item({ userId, workspaceId });
    return item && PersistentWorkspace.parse(item);
  }

  /** Takes the lease where nobody has it, it has run out, or it is this very attempt's. Returns the workspace then. */
  async take(ref: WorkspaceRef, hold: Hold, now: number): Promise<PersistentWorkspace | undefined> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: keyOf(ref),
      when: [anyOf(isAbsent('heldBy'), is('heldBy', hold.heldBy), isLessThan('heldUntil', now))],
      set: { ...hold },
    });
    return item && PersistentWorkspace.parse(item);
  }

  /** Returns `false` where another attempt has it by now. One that has run out and that nobody took is still the holder's. */
  async renew(ref: WorkspaceRef, { heldBy, heldUntil }: Hold): Promise<boolean> {
    return this.updateIf({ key: keyOf(ref), when: [is('heldBy', heldBy)], set: { heldUntil } });
  }

  /** Gives the lease back and notes the use. Returns `false`, and notes nothing, where another attempt has it by now. */
  async release(ref: WorkspaceRef, heldBy: string, { lastUsedAt, lastDispatchId, size }: LastUse): Promise<boolean> {
    return this.updateIf({
      key: keyOf(ref),
      when: [is('heldBy', heldBy)],
      set: { lastUsedAt, lastDispatchId, ...size },
      remove: ['heldBy', 'heldUntil'],
    });
  }

  /** Notes where the repository of a workspace is; the first note stays. Returns `false` where another URL is noted. */
  async noteUrl(ref: WorkspaceRef, url: string): Promise<boolean> {
    return this.updateIf({ key: keyOf(ref), when: [anyOf(isAbsent('url'), is('url', url))], set: { url } });
  }

  /**
   * The user id that the tenant's agents have, and no other tenant's: a number is drawn from a counter that only grows,
   * and the first to note one for the tenant decides. A number that lost that race, or whose answer was lost, is never
   * used. Throws where there are none left.
   */
  async uidOf(userId: string): Promise<number> {
    const known = await this.knownUid(userId);
    if (known !== undefined) return known;
    const uid = await this.drawUid();
    const key = { userId, workspaceId: UID_OF_TENANT };
    if (await this.updateIf({ key, when: [isAbsent('uid')], set: { uid } })) return uid;
    const winner = await this.knownUid(userId);
    if (winner === undefined) throw new Error(`The user id of the tenant ${userId} was taken off the table.`);
    return winner;
  }

  private async knownUid(userId: string): Promise<number | undefined> {
    const item = await this.item({ userId, workspaceId: UID_OF_TENANT });
    return item && TenantUser.parse(item).uid;
  }

  private async drawUid(): Promise<number> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: NEXT_UID,
      when: [anyOf(isAbsent('drawn'), isLessThan('drawn', TENANT_UIDS.last - TENANT_UIDS.first))],
      add: { drawn: 1 },
    });
    if (item === undefined) throw new Error('There are no user ids left for tenants.');
    return TENANT_UIDS.first + Number(item['drawn']) - 1;
  }

  private async item({ userId, workspaceId }: WorkspaceRef): Promise<Record<string, unknown> | undefined> {
    const Key = { userId, workspaceId };
    const { Item } = await this.client.send(new GetCommand({ TableName: this.tableName, Key, ConsistentRead: true }));
    return Item;
  }

  private updateIf(update: ConditionalUpdate): Promise<boolean> {
    return updateIf(this.client, this.tableName, update);
  }
}

function keyOf({ userId, workspaceId }: WorkspaceRef): Record<string, string> {
  return { userId, workspaceId };
}
