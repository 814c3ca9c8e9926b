const ULID = /(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])/g;
const MAX_TEXT = 64 * 1024;
const MAX_IDS = 8;
const MAX_REMEMBERED = 50_000;

/** The dispatches and slots that a text names: both are ULIDs. */
export function idsIn(text: string): string[] {
  return [...new Set(text.slice(0, MAX_TEXT).match(ULID) ?? [])].slice(0, MAX_IDS);
}

/** What an ECS task, an execution or an invocation is about, so that calls of theirs which name nothing are known too. */
export class KnownIds {
  private readonly ids = new Map<string, readonly string[]>();

  remember(who: string, ids: readonly string[]): void {
    this.ids.set(who, ids);
    const [oldest] = this.ids.keys();
    if (this.ids.size > MAX_REMEMBERED && oldest !== undefined) this.ids.delete(oldest);
  }

  rememberExecution(name: string): void {
    this.remember(executionKey(name), idsIn(name));
  }

  hasExecution(name: string): boolean {
    return this.ids.has(executionKey(name));
  }

  of(who: string | undefined): readonly string[] {
    return who === undefined ? [] : (this.ids.get(who) ?? []);
  }
}

/** No ECS task or invocation is called so. */
function executionKey(name: string): string {
  return `execution ${name}`;
}
