/** A sentence of what happened and, where it is known, what somebody else says of it. */
export function withDetail(what: string, detail: string | undefined): string {
  return detail ? `${what}: ${asSentence(detail)}` : `${what}.`;
}

/** Words of whatever origin, with an end. */
export function asSentence(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}
