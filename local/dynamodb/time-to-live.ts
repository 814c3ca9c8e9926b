import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The TTL settings of tables, in a file. Items past their time stay: AWS promises no more than "within a few days". */
export class TimeToLive {
  private readonly attributes: Map<string, string>;

  constructor(private readonly file: string) {
    this.attributes = new Map(Object.entries(readSettings(file)));
  }

  /** As `DescribeTimeToLive` answers it. */
  describe(tableName: string): { TimeToLiveStatus: string; AttributeName?: string } {
    const AttributeName = this.attributes.get(tableName);
    return AttributeName === undefined
      ? { TimeToLiveStatus: 'DISABLED' }
      : { TimeToLiveStatus: 'ENABLED', AttributeName };
  }

  /** @param attribute `undefined` disables it */
  set(tableName: string, attribute: string | undefined): void {
    if (this.attributes.get(tableName) === attribute) return;
    if (attribute === undefined) this.attributes.delete(tableName);
    else this.attributes.set(tableName, attribute);
    writeFileSync(`${this.file}.part`, JSON.stringify(Object.fromEntries(this.attributes)));
    renameSync(`${this.file}.part`, this.file);
  }
}

function readSettings(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
