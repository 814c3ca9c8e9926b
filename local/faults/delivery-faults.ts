import type { FaultPlan } from './fault-points.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { DeliveryFaults } from './hooks.ts';
import { idsIn } from './ids.ts';
import type { Journal } from './journal.ts';

const ONCE_AND_NOW: readonly number[] = [0];

/** Drops, doubles and holds back what rules send to their targets. */
export function deliveryFaults(parts: {
  readonly plan: FaultPlan;
  readonly state: FaultSwitch;
  readonly faults: Journal;
}): DeliveryFaults {
  return {
    delays({ bus, name: rule }, event) {
      const detailType = event['detail-type'];
      const planned = parts.state.isOn ? parts.plan.delivery({ bus, rule, detailType }) : undefined;
      if (!planned) return ONCE_AND_NOW;
      const { fault, delays } = planned;
      const ids = idsIn(JSON.stringify([event.resources, event.detail]));
      parts.faults.write({ point: 'event', fault, bus, rule, detailType, eventId: event.id, ids, delays });
      return delays;
    },
  };
}
