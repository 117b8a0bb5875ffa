/** Where our own pages and APIs are, below the base path, while a foreign UI has that. */
export const OWN_PATH = "spanloom/";

/** A base path as others are put behind it: with a slash at its end. */
export function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/** A path that a reverse proxy took off, and nothing that names another site. */
const FORWARDED_PREFIX = /^(?:\/[\w.~-]+)+\/?$/;

/** The path that a reverse proxy took off, as its header `X-Forwarded-Prefix` says, and what is below; else `base`. */
export function forwardedBase(prefix: string | undefined, base: string, below = ""): string {
  return prefix !== undefined && FORWARDED_PREFIX.test(prefix) ? withSlash(prefix) + below : base;
}
