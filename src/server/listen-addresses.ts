import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";

/** One `host:port` or several, checked before by `endpointSchema` or `endpointsSchema`. */
export type EndpointSetting = string | readonly string[];

/** An address that a listener opens. */
export interface WantedAddress {
  readonly endpoint: Endpoint;
  /** Goes with the address before it, and takes its port; the listener works without it. */
  readonly implied: boolean;
}

export function endpointTexts(setting: EndpointSetting): readonly string[] {
  return typeof setting === "string" ? [setting] : setting;
}

/**
 * The addresses of a setting. Loopback means both families: `localhost` leads to either, by the sender's choice, so
 * that 127.0.0.1 and localhost imply ::1.
 */
export function wantedAddresses(setting: EndpointSetting): WantedAddress[] {
  const named = endpointTexts(setting).map((text) => parseEndpoint(text) as Endpoint);
  return named.flatMap(({ host, port }) => {
    if (host !== "localhost" && host !== "127.0.0.1") return [{ endpoint: { host, port }, implied: false }];
    const first = { endpoint: { host: "127.0.0.1", port }, implied: false };
    const isNamed = named.some((other) => other.host === "::1" && other.port === port);
    return isNamed ? [first] : [first, { endpoint: { host: "::1", port }, implied: true }];
  });
}

/**
 * Opens the addresses one after the other. A machine without an implied one is none the worse; where another program
 * has it, the log says so.
 * @param open opens one, and rejects with `listenError`
 * @returns the bound addresses, the first named one first
 * @throws what `open` rejects with for an address that is not implied; what was opened before stays open
 */
export async function listenOnEach(
  addresses: readonly WantedAddress[],
  open: (endpoint: Endpoint) => Promise<Endpoint>,
  logger: Logger,
): Promise<Endpoint[]> {
  const bound: Endpoint[] = [];
  for (const { endpoint, implied } of addresses) {
    if (!implied) {
      bound.push(await open(endpoint));
      continue;
    }
    const port = bound.at(-1)?.port ?? endpoint.port;
    try {
      bound.push(await open({ ...endpoint, port }));
    } catch (error) {
      const at = formatEndpoint({ ...endpoint, port });
      const isTaken = (error as { cause?: { code?: string } }).cause?.code === "EADDRINUSE";
      if (isTaken && endpoint.port !== 0) {
        logger.warn("another program has the same port on IPv6: what is sent to localhost may reach that one", { at });
      } else logger.debug("not listening on IPv6's loopback address", { at });
    }
  }
  return bound;
}
