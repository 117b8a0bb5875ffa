/** The part of a route that decides which requests it takes. */
export interface RouteMatch {
  readonly prefix: string;
  readonly host?: string | undefined;
}

/** Routes in the order in which they are tried. Hosts come first, exact ones before `*.`, then longer prefixes. */
export class Router<Route extends RouteMatch> {
  readonly #routes: readonly Route[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.toSorted((a, b) => hostRank(b) - hostRank(a) || b.prefix.length - a.prefix.length);
  }

  /**
   * @param host lower case, without port; undefined for a request that names none
   * @param path without query
   */
  match(host: string | undefined, path: string): Route | undefined {
    return this.#routes.find((route) => matchesHost(route.host, host) && matchesPrefix(route.prefix, path));
  }

  /** True for a name that a route asks for. */
  knowsHost(host: string): boolean {
    return this.#routes.some((route) => route.host !== undefined && matchesHost(route.host, host));
  }
}

/** Two routes that take the same requests, by index. The second could never be reached. */
export function duplicateRoute(routes: readonly RouteMatch[]): readonly [number, number] | undefined {
  const seen = new Map<string, number>();
  for (const [at, route] of routes.entries()) {
    const key = `${route.host ?? ""}\n${trimmed(route.prefix)}`;
    const before = seen.get(key);
    if (before !== undefined) return [before, at];
    seen.set(key, at);
  }
  return undefined;
}

/** The path at an upstream, below its own base path. */
export function upstreamPath(
  { prefix, stripPrefix }: RouteMatch & { readonly stripPrefix: boolean },
  basePath: string,
  path: string,
): string {
  return basePath + (stripPrefix ? withoutPrefix(prefix, path) : path);
}

/** The path without the prefix of its route. It always has a leading slash. */
function withoutPrefix(prefix: string, path: string): string {
  const rest = path.slice(trimmed(prefix).length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function matchesPrefix(prefix: string, path: string): boolean {
  const bare = trimmed(prefix);
  return path.startsWith(bare) && (path.length === bare.length || path[bare.length] === "/");
}

function matchesHost(wanted: string | undefined, host: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (host === undefined) return false;
  return wanted.startsWith("*.") ? host.endsWith(wanted.slice(1)) && host.length >= wanted.length : host === wanted;
}

function hostRank({ host }: RouteMatch): number {
  if (host === undefined) return 0;
  return host.startsWith("*.") ? host.length : 1_000 + host.length;
}

function trimmed(prefix: string): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}
