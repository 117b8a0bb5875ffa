import type { Logger } from "../../component/logger.ts";
import { BackendRegistry } from "../registry/backend-registry.ts";
import { ConsulRegistry } from "../registry/consul.ts";
import type { ServiceRegistry } from "../registry/registry-client.ts";
import { WATCH_WAIT_SECONDS, WatchedRegistry } from "../registry/watched-registry.ts";
import { backendOf, type DiscoveryBackendOption } from "./backend-options.ts";

/** Where the registry is, in place of what the declaration says. */
export interface RegistryPlace {
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** The registry of a declaration. Throws TypeError for a place that its backend has no use for. */
export function declaredRegistry(
  option: DiscoveryBackendOption,
  place: RegistryPlace,
  logger: Logger,
): ServiceRegistry {
  const declared = backendOf(option);
  const { url, token } = place;
  if (declared.type === "local" || declared.type === "consul") {
    return new WatchedRegistry(
      new ConsulRegistry({
        url: url ?? declared.options.endpoint,
        token: token ?? declared.options.token,
        waitSeconds: WATCH_WAIT_SECONDS,
      }),
    );
  }
  if (token !== undefined) throw new TypeError(`registryToken: the ${declared.type} backend has none`);
  if (url === undefined) return new BackendRegistry(declared, logger);
  if (declared.type === "etcd")
    return new BackendRegistry({ type: "etcd", options: { ...declared.options, endpoint: url } }, logger);
  throw new TypeError(`registryUrl: the ${declared.type} backend has none; say in discovery_backend where it asks`);
}
