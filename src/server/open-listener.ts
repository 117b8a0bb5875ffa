import type { Server } from "node:net";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import { listen } from "./listen.ts";
import { type EndpointSetting, listenOnEach, wantedAddresses } from "./listen-addresses.ts";
import type { ListenerName } from "./listen-error.ts";
import type { TlsConfig } from "./tls.ts";
import { openTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface OpenedListener {
  /** The first address in use, with the port that was given for port 0. */
  readonly address: Endpoint;
  /** Undefined without TLS. */
  readonly tls: TlsFiles | undefined;
}

/**
 * Opens a listener on all its addresses, or on none.
 * @param servers gets each server once it listens; emptied, and its servers closed, where another cannot
 * @param create makes the server of one address
 * @throws PermanentError `listen_failed`, or `config_invalid` for unusable certificates
 */
export async function openListener<S extends Server>(
  servers: S[],
  create: (files: TlsFiles | undefined) => S,
  options: {
    readonly name: ListenerName;
    readonly endpoint: EndpointSetting;
    readonly tls: TlsConfig | undefined;
    readonly logger: Logger;
  },
): Promise<OpenedListener> {
  const { name, endpoint, tls, logger } = options;
  const files = openTlsFiles(tls, name, logger);
  const open = async (wanted: Endpoint): Promise<Endpoint> => {
    const server = create(files);
    const bound = await listen(server, wanted, name);
    servers.push(server);
    return bound;
  };
  try {
    const [first] = await listenOnEach(wantedAddresses(endpoint), open, logger);
    return { address: first as Endpoint, tls: files };
  } catch (error) {
    files?.close();
    for (const server of servers.splice(0)) server.close();
    throw error;
  }
}
