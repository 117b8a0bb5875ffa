import { isDiscoverEndpoint } from "../../component/discovery.ts";
import { PermanentError } from "../../component/errors.ts";
import { FixedPool } from "./fixed-pool.ts";
import type { RouteConfig } from "./route-config.ts";
import { refuseLinkLocal, targetOf } from "./target.ts";
import type { PoolSettings, UpstreamPool } from "./upstream-pool.ts";

/** @throws PermanentError `config_invalid` for a link-local upstream, and for `discover://` without discovery */
export function openPool(route: RouteConfig, settings: PoolSettings): UpstreamPool {
  const [first] = route.upstream;
  if (first !== undefined && isDiscoverEndpoint(first)) return discoveredPool(first, settings);
  return new FixedPool(route, settings);
}

function discoveredPool(endpoint: string, settings: PoolSettings): UpstreamPool {
  if (settings.resolver === undefined) {
    throw new PermanentError(
      "config_invalid",
      `${settings.key}.upstream: ${endpoint} needs a registry; none is set up`,
    );
  }
  const resolved = settings.resolver.resolve(endpoint);
  return {
    name: resolved.service,
    async pick(signal) {
      const { url, done } = await resolved.next(signal());
      const target = targetOf(url);
      try {
        refuseLinkLocal(target, settings);
      } catch (error) {
        done("failure");
        throw error;
      }
      return { target, done };
    },
    close: () => resolved.close(),
  };
}
