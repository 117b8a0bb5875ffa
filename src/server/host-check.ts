import { isIP } from "node:net";

/**
 * Guard against DNS rebinding, where a page of a foreign site reaches a loopback listener under its own name: the Host
 * header has to be localhost, an IP address or a name that was configured. The port does not matter. A request without
 * Host (HTTP/1.0) comes from no browser and passes.
 */
export function isAllowedHost(header: string | undefined, allowedNames: readonly string[]): boolean {
  if (header === undefined) return true;
  const name = hostName(header);
  if (name === undefined) return false;
  if (name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0) return true;
  return allowedNames.some((allowed) => allowed.toLowerCase() === name);
}

/** The host of `host`, `host:port` or `[v6]:port`, lower case, without a final dot. */
function hostName(header: string): string | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(header.trim());
  const name = match?.[1] ?? match?.[2];
  return name === undefined || name === "" ? undefined : name.toLowerCase().replace(/\.$/, "");
}
