/** A route of an HTTP API and the function behind it. */
export interface Route {
  /** As the template says it: `GET /dispatch/{id}` or `$default`. */
  readonly key: string;
  /** `ANY` for every method. */
  readonly method: string;
  readonly path: string;
  readonly segments: readonly string[];
  readonly integrationId: string;
}

export interface RouteMatch {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

const METHODS = ['ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Throws for a key that API Gateway would refuse. */
export function parseRoute(key: string, integrationId: string): Route {
  if (key === '$default') return { key, method: 'ANY', path: '$default', segments: [], integrationId };
  const [, method = '', path = ''] = /^(\S+) (\/\S*)$/.exec(key) ?? [];
  if (!METHODS.includes(method)) throw new Error(`RouteKey: '${key}' is not '$default' or a method and a path`);
  const segments = splitPath(path);
  const malformed = segments.find(
    (segment, index) =>
      !/^([^{}]*|\{[\w.-]+\+?\})$/.test(segment) || (segment.endsWith('+}') && index < segments.length - 1),
  );
  if (malformed !== undefined) throw new Error(`RouteKey: '${malformed}' in '${key}' is not understood`);
  return { key, method, path, segments, integrationId };
}

/**
 * The most specific route for a request ("Routes for HTTP APIs in API Gateway"): all segments matched, then a greedy
 * `{proxy+}`, then `$default`; a fixed segment before a parameter, a method before `ANY`.
 *
 * @param path decoded, beginning with a slash
 */
export function findRoute(routes: readonly Route[], method: string, path: string): RouteMatch | undefined {
  const matches = routes
    .filter((route) => route.method === 'ANY' || route.method === method)
    .map((route) => ({ route, pathParameters: matchPath(route, path) }))
    .filter((match): match is RouteMatch => match.pathParameters !== undefined);
  return matches.sort((a, b) => compareRanks(rank(a.route), rank(b.route)))[0];
}

function matchPath(route: Route, path: string): Record<string, string> | undefined {
  if (route.key === '$default') return {};
  const segments = splitPath(path);
  const greedy = route.segments.at(-1)?.endsWith('+}') === true;
  if (greedy ? segments.length < route.segments.length : segments.length !== route.segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, pattern] of route.segments.entries()) {
    const name = /^\{(.+?)\+?\}$/.exec(pattern)?.[1];
    const value = pattern.endsWith('+}') ? segments.slice(index).join('/') : (segments[index] ?? '');
    if (name === undefined ? value !== pattern : value === '') return undefined;
    if (name !== undefined) parameters[name] = value;
  }
  return parameters;
}

/** Lower is more specific, compared place by place. */
function rank(route: Route): number[] {
  if (route.key === '$default') return [2];
  const greedy = route.segments.at(-1)?.endsWith('+}') === true;
  const places = route.segments.map((segment) => (segment.endsWith('+}') ? 2 : segment.startsWith('{') ? 1 : 0));
  return [greedy ? 1 : 0, ...places, route.method === 'ANY' ? 1 : 0];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, index) => value !== b[index]);
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}

function splitPath(path: string): string[] {
  return path.slice(1).split('/');
}
