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
  return isForwardedPrefix(prefix) ? withSlash(prefix) + below : base;
}

function isForwardedPrefix(prefix: string | undefined): prefix is string {
  return prefix !== undefined && FORWARDED_PREFIX.test(prefix);
}

/**
 * The base of the pages as seen from a page: relative, so that a reverse proxy may have taken off any path without a
 * word. `url` is the address as it was asked for, `path` what of it is below the base; absolute where the address lacks
 * the slash that a relative one would need.
 */
export function pageBase(url: string, path: string, base: string): string {
  const asked = url.split("?", 1)[0] as string;
  if (!asked.endsWith(path)) return base;
  const depth = path.split("/").length - 2;
  return depth <= 0 ? "./" : "../".repeat(depth);
}
