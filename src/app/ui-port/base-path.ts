/** A base path as others are put behind it: with a slash at its end. */
export function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
