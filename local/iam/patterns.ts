/** Whether a text fits a pattern of `*` (any characters) and `?` (one character). */
export type Matcher = (text: string) => boolean;

export function wildcard(pattern: string, flags = 's'): Matcher {
  if (!/[*?]/.test(pattern) && !flags.includes('i')) return (text) => text === pattern;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, flags);
  return (text) => expression.test(text);
}

/** Actions are compared without regard to case. */
export function actionMatcher(pattern: string): Matcher {
  return wildcard(pattern, 'is');
}

/** A wildcard in an ARN stays within its segment, save in the last one, which may itself hold colons. */
export function arnMatcher(pattern: string): Matcher {
  if (pattern === '*') return () => true;
  const segments = arnSegments(pattern).map((segment) => wildcard(segment));
  return (arn) => {
    const parts = arnSegments(arn);
    return parts.length === segments.length && segments.every((matches, index) => matches(parts[index] ?? ''));
  };
}

/**
 * Whether a pattern allows at least one ARN that begins with `prefix`: for requests whose resource can't be told from
 * the request. The prefix must reach into the last segment.
 */
export function arnOverlap(pattern: string, prefix: string): boolean {
  if (pattern === '*') return true;
  const [patterns, parts] = [arnSegments(pattern), arnSegments(prefix)];
  const [last = '', known = ''] = [patterns.pop(), parts.pop()];
  const literal = last.slice(0, Math.max(0, last.search(/[*?]|$/)));
  return (
    patterns.length === parts.length &&
    patterns.every((segment, index) => wildcard(segment)(parts[index] ?? '')) &&
    (literal.startsWith(known) || (literal !== last && known.startsWith(literal)))
  );
}

/** `arn`, partition, service, region, account, and the rest. */
function arnSegments(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}
