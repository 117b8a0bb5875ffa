import { resolve } from "node:path";
import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { memoryRegistryStore } from "../discovery/registry/memory-store.ts";
import { formatEndpoint, parseEndpoint, reachable } from "../server/endpoint.ts";
import type { Config } from "./config/config.ts";
import type { LoadedModules } from "./load-modules.ts";

/** Service discovery with the collector's own registry, which is kept where spans are. */
export async function startDiscovery(
  { discovery: config, storage }: Config,
  host: Host,
  { Discovery, openRegistryStore }: LoadedModules,
): Promise<Discovery> {
  const store =
    storage.kind === "memory"
      ? memoryRegistryStore()
      : openRegistryStore(resolve(storage.path), host.logger, storage.driver);
  const discovery = new Discovery(config, { store });
  await discovery.start(host);
  return discovery;
}

/** Where this machine reaches the registry that listens at `host:port`. */
export function registryUrl({ discovery }: Config, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const authority = formatEndpoint(reachable(parseEndpoint(address) as Endpoint));
  return `${discovery.server.tls === undefined ? "http" : "https"}://${authority}`;
}
