import { isIP } from "node:net";
import { z } from "zod";
import type { Endpoint } from "../component/endpoint.ts";
import { unmappedAddress } from "../model/net/unmapped-address.ts";

/**
 * `host:port` as the Collector writes it: `127.0.0.1:4318`, `localhost:0`, `[::1]:4317`; `:4318` is every address.
 * Undefined for anything else.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  if (match[1] !== undefined) return isIP(match[1]) === 6 ? { host: match[1], port } : undefined;
  return { host: match[2] === "" ? "0.0.0.0" : (match[2] as string), port };
}

/** `127.0.0.1:4318`, `[::1]:4317`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** True for the addresses that stand for every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** The address as this machine reaches it: a listener on every address answers on loopback too. */
export function reachable(endpoint: Endpoint): Endpoint {
  if (!isEveryAddress(endpoint.host)) return endpoint;
  return { ...endpoint, host: endpoint.host === "::" ? "::1" : "127.0.0.1" };
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  const address = unmappedAddress(host);
  return isIP(address) === 4 && address.startsWith("127.");
}

/** A config value of the form `host:port`; the config keeps the text. */
export const endpointSchema = z.string().refine((text) => parseEndpoint(text) !== undefined, {
  error: (issue) =>
    `"${String(issue.input)}" is no listening address; expected host:port such as 127.0.0.1:4318, [::1]:4318 or 0.0.0.0:4318`,
});

/** One such value, or several. */
export const endpointsSchema = z.union([endpointSchema, z.array(endpointSchema).min(1)]);
