import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../../component/component.ts";
import type { EndpointResolver } from "../../component/discovery.ts";
import { RetryableError } from "../../component/errors.ts";
import type { DiscoveryConfig } from "../../discovery/config.ts";
import { createLazyResolver } from "../../discovery/registry/lazy-resolver.ts";
import { readRegistryAddress } from "./registry-address.ts";

/** How long the start of the registry is waited for, and how often it is looked for, ms. */
const START_MS = 2_000;
const ASK_EVERY_MS = 20;

/**
 * For the `discover://` endpoints of one thread's exporters. They share one registry client, which is closed with the
 * last of them.
 * @param registryAddress where the collector's own registry listens is told here once it does
 */
export function createResolver(
  discovery: DiscoveryConfig,
  registryAddress: SharedArrayBuffer,
  host: Host,
): EndpointResolver {
  return createLazyResolver(async () => {
    const { createDiscoveryClient } = await import("../../discovery/discovery.ts");
    return createDiscoveryClient(discovery, await listenerOf(discovery, registryAddress), host);
  });
}

/**
 * Where the collector's registry listens, for the one backend that is reached there. A backlog is sent before the
 * registry has started, so it is waited for.
 * @throws RetryableError `unreachable` when it does not listen
 */
async function listenerOf(
  { backend, server }: DiscoveryConfig,
  memory: SharedArrayBuffer,
): Promise<string | undefined> {
  if (backend !== "local") return undefined;
  let told = readRegistryAddress(memory);
  for (let waitedMs = 0; told === "unknown" && waitedMs < START_MS; waitedMs += ASK_EVERY_MS) {
    await sleep(ASK_EVERY_MS, undefined, { ref: false });
    told = readRegistryAddress(memory);
  }
  if (told === "unknown") throw new RetryableError("unreachable", "the collector's registry has not started yet");
  if (told !== "none") return told.address;
  throw new RetryableError(
    "unreachable",
    `the collector's registry does not listen at ${server.endpoint}; the log of its start says why`,
  );
}
