import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Definition } from '../asl/definition.ts';
import { loadDefinition } from '../asl/load-definition.ts';

/** A state machine as it is kept. */
export interface StateMachineRecord {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
  /** Milliseconds since the epoch. */
  readonly creationDate: number;
  readonly revisionId: string;
}

export interface StateMachine {
  readonly record: StateMachineRecord;
  readonly definition: Definition;
}

/** The state machines that the template holds. Each boot makes them anew; what did not change keeps its dates and revision. */
export class StateMachines {
  readonly #kept: Map<string, StateMachineRecord>;
  readonly #machines = new Map<string, StateMachine>();

  constructor(readonly path: string) {
    const records = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StateMachineRecord[]) : [];
    this.#kept = new Map(records.map((record) => [record.stateMachineArn, record]));
  }

  get(stateMachineArn: string): StateMachine | undefined {
    return this.#machines.get(stateMachineArn);
  }

  get all(): readonly StateMachine[] {
    return [...this.#machines.values()];
  }

  /** @throws DefinitionError */
  create(wanted: Omit<StateMachineRecord, 'creationDate' | 'revisionId'>): StateMachineRecord {
    const definition = loadDefinition(wanted.definition);
    const kept = this.#kept.get(wanted.stateMachineArn);
    const unchanged = kept && kept.definition === wanted.definition && kept.roleArn === wanted.roleArn;
    const record: StateMachineRecord = {
      ...wanted,
      creationDate: kept?.creationDate ?? Date.now(),
      revisionId: unchanged ? kept.revisionId : randomUUID(),
    };
    this.#machines.set(record.stateMachineArn, { record, definition });
    this.#kept.set(record.stateMachineArn, record);
    this.#save();
    return record;
  }

  #save(): void {
    writeFileSync(`${this.path}.new`, JSON.stringify([...this.#kept.values()]));
    renameSync(`${this.path}.new`, this.path);
  }
}
