import type { EcsTaskStateChange } from '../../core/events.ts';
import { type AttemptRef, parseAttemptName } from '../../core/ids.ts';
import { SlotId } from '../../core/slot.ts';

/** What an ECS task was started for: an attempt, or a slot of the warm pool. */
export type TaskOwner = AttemptRef | { readonly slotId: string };

/**
 * Whose an ECS task is, as far as the event itself tells: by what RunTask put into its containers' environment, or else
 * by its tags or its group, `dispatch:<dispatchId>-<attempt>` or `slot:<slotId>`.
 */
export function ownerOf({ overrides, tags, group }: EcsTaskStateChange['detail']): TaskOwner | undefined {
  const environment = (overrides?.containerOverrides ?? []).flatMap((container) => container.environment ?? []);
  const tagged = (tags ?? []).map(({ key, value }) => ({ name: key, value }));
  return ownerByNames(environment) ?? ownerByNames(tagged) ?? ownerByGroup(group ?? '');
}

interface Named {
  readonly name?: string | null | undefined;
  readonly value?: string | null | undefined;
}

function ownerByNames(values: readonly Named[]): TaskOwner | undefined {
  const given = (wanted: string) => values.find(({ name }) => name === wanted)?.value ?? '';
  const slotId = SlotId.safeParse(given('SLOT_ID'));
  if (slotId.success) return { slotId: slotId.data };
  return parseAttemptName(`${given('DISPATCH_ID')}-${given('ATTEMPT')}`);
}

function ownerByGroup(group: string): TaskOwner | undefined {
  const [, kind, name = ''] = /^(dispatch|slot):(.*)$/.exec(group) ?? [];
  if (kind === 'dispatch') return parseAttemptName(name);
  return kind === 'slot' && SlotId.safeParse(name).success ? { slotId: name } : undefined;
}
