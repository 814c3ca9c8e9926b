import { AGENTS, type AgentName, type PoolBounds } from '../../core/agents.ts';
import { AgentPool, type BootTimes, type SimulatedSlot } from './agent-pool.ts';
import { DemandRecord } from './demand-record.ts';
import { EventQueue } from './event-queue.ts';
import { random } from './random.ts';
import type { SimulatedPolicy } from './simulated-policy.ts';
import { AgentRecord } from './simulation-record.ts';
import type { Trace } from './trace.ts';

export interface Simulation {
  readonly trace: Trace;
  readonly policy: SimulatedPolicy;
  /** Bounds of the agents whose bounds are not the catalogue's. */
  readonly bounds: ReadonlyMap<AgentName, PoolBounds>;
  readonly bootTimes: BootTimes;
  readonly seed: number;
  /** Into how many stretches of time the record is divided. */
  readonly stretches?: number;
}

/** Seconds from a claim or a miss to the manager's new slots: an event's delivery and one run of the function. */
const TRIGGER_SECONDS = 1;
const MINUTE = 60;
/** Seconds from a dispatch's arrival to its claim, and from a claim to the agent's start at the least and the most. */
const TO_CLAIM_SECONDS = 0.3;
const HAND_OFF_SECONDS = { least: 0.2, most: 0.45 } as const;

type Event =
  | { readonly what: 'manage'; readonly triggered: boolean }
  | { readonly what: 'wake' }
  | { readonly what: 'warm' | 'outlived'; readonly pool: AgentPool; readonly slot: SimulatedSlot }
  | { readonly what: 'began'; readonly pool: AgentPool };

/** Runs a trace through the pool, and says what each agent's pool came to, in the order of the trace's agents. */
export function simulatePool(simulation: Simulation): AgentRecord[] {
  return new PoolSimulation(simulation).run();
}

class PoolSimulation {
  private readonly events = new EventQueue<Event>();
  private readonly pools: readonly AgentPool[];
  private readonly handOff;
  private isTriggered = false;

  constructor(private readonly simulation: Simulation) {
    const { trace, bounds, bootTimes, seed } = simulation;
    this.handOff = random(seed, 99);
    this.pools = trace.agents.map((agent, index) => {
      const parts = {
        agent,
        bounds: bounds.get(agent) ?? AGENTS[agent].pool,
        bootTimes,
        demand: new DemandRecord(trace.start, trace.seconds, trace.earlier?.[index], bootTimes.median),
        record: new AgentRecord(trace.seconds, simulation.stretches ?? 1),
        bootChance: random(seed, 100 + 2 * index),
        claimChance: random(seed, 101 + 2 * index),
      };
      return new AgentPool(parts);
    });
  }

  run(): AgentRecord[] {
    const { trace, policy } = this.simulation;
    this.events.add(0, { what: 'manage', triggered: false });
    for (const time of policy.wakeUps) this.events.add(time, { what: 'wake' });
    trace.times.forEach((time, place) => {
      this.playUntil(time);
      const pool = this.pools[trace.agentIndexes[place] ?? 0];
      if (pool) this.arrive(pool, time);
    });
    this.playUntil(trace.seconds);
    return this.finish();
  }

  private playUntil(time: number): void {
    while (this.events.next <= time) {
      const now = this.events.next;
      const event = this.events.take();
      if (event) this.happen(event, now);
    }
  }

  private happen(event: Event, now: number): void {
    switch (event.what) {
      case 'manage':
        if (event.triggered) this.isTriggered = false;
        else this.events.add(now + MINUTE, event);
        this.manage(now);
        break;
      case 'wake':
        this.manage(now);
        break;
      case 'warm':
        event.pool.becameWarm(event.slot);
        this.events.add(event.slot.endOfLife, { ...event, what: 'outlived' });
        break;
      case 'outlived':
        event.pool.outlived(event.slot, now);
        break;
      case 'began':
        event.pool.demand.waiting -= 1;
    }
  }

  private arrive(pool: AgentPool, now: number): void {
    const isHit = pool.claim(now);
    const { least, most } = HAND_OFF_SECONDS;
    const start = isHit ? least + (most - least) * this.handOff.uniform() : pool.bootSeconds();
    const wait = TO_CLAIM_SECONDS + start;
    if (isHit) {
      pool.record.hit(now, wait);
      pool.demand.claimed(now);
    } else {
      pool.record.missed(now, wait);
      pool.demand.missed(now);
    }
    pool.demand.waiting += 1;
    this.events.add(now + wait, { what: 'began', pool });
    this.trigger(now);
  }

  /** One manager at a time: triggers that come while one is on its way are that one's. */
  private trigger(now: number): void {
    if (this.isTriggered) return;
    this.isTriggered = true;
    this.events.add(now + TRIGGER_SECONDS, { what: 'manage', triggered: true });
  }

  private manage(now: number): void {
    for (const pool of this.pools) {
      const { min, max } = pool.bounds;
      const wanted = this.simulation.policy.desired(pool.agent, pool.demand.at(now), pool.bounds);
      const desired = Math.min(Math.max(wanted, min), max);
      for (const slot of pool.start(desired, now)) this.events.add(slot.warmAt, { what: 'warm', pool, slot });
      pool.drainSurplus(desired, now);
    }
  }

  private finish(): AgentRecord[] {
    const end = this.simulation.trace.seconds;
    const booting = new Map<AgentPool, number[]>();
    for (let event = this.events.take(); event; event = this.events.take()) {
      if (event.what === 'warm') booting.set(event.pool, [...(booting.get(event.pool) ?? []), event.slot.intendedAt]);
    }
    for (const pool of this.pools) pool.finish(end, booting.get(pool) ?? []);
    return this.pools.map(({ record }) => record);
  }
}
