import type { Context } from 'hono';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DispatchId } from '../../core/ids.ts';
import { dispatchNotFound } from './api-error.ts';
import type { ApiCollaborators, ApiEnv } from './collaborators.ts';

/** The dispatch that a request is about. Throws the one `ApiError` for all that is not the tenant's own. */
export async function ownedDispatch(
  { dispatches }: Pick<ApiCollaborators, 'dispatches'>,
  context: Context<ApiEnv>,
  id: string,
): Promise<DispatchRecord> {
  const dispatchId = DispatchId.safeParse(id);
  const record = dispatchId.success ? await dispatches.get(dispatchId.data) : undefined;
  if (record?.tenantId !== context.get('tenant').tenantId) throw dispatchNotFound();
  return record;
}
