import { parseDiscoverEndpoint } from "../../component/discover-endpoint.ts";
import type { EndpointResolver } from "../../component/discovery.ts";
import { authority } from "../instance/instance.ts";
import type { ServiceRegistry } from "./registry.ts";

/**
 * Resolves `discover://` endpoints: each service is watched, every request goes to an instance chosen by weight, and
 * instances that fail in a row are ejected for a while, never more than half of them.
 */
export function createEndpointResolver(registry: ServiceRegistry): EndpointResolver {
  return {
    resolve(endpoint) {
      const { service, tags, scheme, path } = parseDiscoverEndpoint(endpoint);
      const pool = registry.pool(service, tags);
      const abort = new AbortController();
      // Holds the watch open between requests.
      void hold(registry.watch(service, tags, abort.signal));
      return {
        service,
        tags,
        async next(signal) {
          const { instance, done } = await pool.pick(signal);
          const target = authority(instance.host, instance.port);
          return { instance, done, url: scheme === "grpc" ? target : `${scheme}://${target}${path}` };
        },
        close: () => abort.abort(),
      };
    },
  };
}

async function hold(changes: AsyncIterable<unknown>): Promise<void> {
  const iterator = changes[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
