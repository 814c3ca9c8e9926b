import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An item under way, and the name under which it is stored. */
export interface QueueEntry<Item> {
  readonly key: string;
  readonly item: Item;
}

/**
 * What was accepted and is not done yet, one file an item, so that it survives `kill -9`. Each call is synchronous:
 * when it returns, the change is on disk, and a reader sees an item whole or not at all.
 */
export class DurableQueue<Item> {
  private count = 0;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  add(item: Item): QueueEntry<Item> {
    this.count += 1;
    const time = String(Date.now()).padStart(15, '0');
    const key = `${time}-${String(this.count).padStart(9, '0')}-${process.pid}`;
    this.write(key, item);
    return { key, item };
  }

  replace(key: string, item: Item): QueueEntry<Item> {
    this.write(key, item);
    return { key, item };
  }

  remove(key: string): void {
    rmSync(this.path(key), { force: true });
  }

  /** Everything not done yet, oldest first. Clears away what a killed process had not finished writing. */
  load(): QueueEntry<Item>[] {
    const names = readdirSync(this.folder).sort();
    for (const name of names.filter((name) => name.endsWith('.part'))) rmSync(join(this.folder, name), { force: true });
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({
        key: name.slice(0, -'.json'.length),
        item: JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as Item,
      }));
  }

  private write(key: string, item: Item): void {
    const part = join(this.folder, `${key}.part`);
    writeFileSync(part, JSON.stringify(item));
    renameSync(part, this.path(key));
  }

  private path(key: string): string {
    return join(this.folder, `${key}.json`);
  }
}
