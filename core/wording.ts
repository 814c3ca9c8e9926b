/** A sentence of what happened and, where it is known, what somebody else says of it. */
export function withDetail(what: string, detail: string | undefined): string {
  return detail ? `${what}: ${detail}${/[.!?]$/.test(detail) ? '' : '.'}` : `${what}.`;
}
