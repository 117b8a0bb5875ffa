import { isIP } from "node:net";

/** By what names programs in containers reach this machine; `.internal` is never given out by the public DNS. */
const CONTAINER_HOSTS: ReadonlySet<string> = new Set([
  "host.docker.internal",
  "gateway.docker.internal",
  "host.containers.internal",
]);

/**
 * Guard against DNS rebinding, where a page of a foreign site reaches a loopback listener under its own name: the Host
 * header has to be localhost, an IP address, a container's name for this machine or a name that was configured. The
 * port does not matter. A request without Host (HTTP/1.0) comes from no browser and passes.
 */
export function isAllowedHost(header: string | undefined, allowedNames: readonly string[]): boolean {
  if (header === undefined) return true;
  const name = hostName(header);
  if (name === undefined) return false;
  if (name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || CONTAINER_HOSTS.has(name)) return true;
  return allowedNames.some((allowed) => allowed.toLowerCase() === name);
}

/** What a listener answers for, for a refusal. */
export function allowedHostsText(allowedNames: readonly string[]): string {
  return ["localhost", "IP addresses", ...CONTAINER_HOSTS, ...allowedNames].join(", ");
}

/** The host of `host`, `host:port` or `[v6]:port`, lower case, without a final dot. */
export function hostName(header: string): string | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(header.trim());
  const name = match?.[1] ?? match?.[2];
  return name === undefined || name === "" ? undefined : name.toLowerCase().replace(/\.$/, "");
}
