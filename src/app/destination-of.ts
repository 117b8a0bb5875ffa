/** What an exporter's config says of the place; of a URL neither who asks nor the query, where tokens may stand. */
export function destinationOf(config: unknown): string | undefined {
  const { endpoint, path } = (config ?? {}) as { readonly endpoint?: unknown; readonly path?: unknown };
  if (typeof path === "string") return path;
  if (typeof endpoint !== "string") return undefined;
  if (!/^[a-z]+:\/\//i.test(endpoint) || !URL.canParse(endpoint)) return endpoint.replace(/^.*@/, "");
  const url = new URL(endpoint);
  for (const part of ["username", "password", "search", "hash"] as const) url[part] = "";
  return url.href;
}
