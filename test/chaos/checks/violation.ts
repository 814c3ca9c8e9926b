/** Something that must not be. */
export interface Violation {
  /** The rule that was broken, as a name. */
  readonly rule: string;
  readonly what: string;
  /** The dispatch or slot whose timeline tells more. */
  readonly id?: string | undefined;
}
