import type { Host } from "../component/component.ts";
import type { EndpointResolver } from "../component/discovery.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import type { RouteTracers } from "./route-tracers.ts";
import { openPool } from "./upstream/open-pool.ts";
import { closeConnections, openConnections, type Route, routeCounters } from "./upstream/route.ts";
import type { RouteConfig } from "./upstream/route-config.ts";
import { traceHeaders } from "./upstream/trace-headers.ts";

export interface RouteSettings {
  /** What all routes share. */
  readonly config: ProxyConfig;
  readonly host: Host;
  readonly tracers: RouteTracers;
  /** For `discover://` upstreams. Undefined where no registry is set up. */
  readonly resolver: EndpointResolver | undefined;
}

/**
 * Makes a route ready for requests.
 * @param key for messages: `proxy.routes[0]`
 * @throws PermanentError `config_invalid`
 */
export function openRoute(route: RouteConfig, key: string, { config, host, tracers, resolver }: RouteSettings): Route {
  const { ejection, allow_link_local: allowLinkLocal, limits, timeouts } = config;
  // Connections come before the pool, which holds checks and watches open. Opening them fails, or holds nothing yet.
  const connections = openConnections(route, {
    connectMs: timeouts.connect_ms,
    idleMs: timeouts.idle_ms,
    maxAnswerHeaderBytes: limits.answer_header_kibibytes * 1024,
    allowLinkLocal,
    key,
  });
  const pool = openPool(route, {
    key,
    resolver,
    ejection: {
      consecutiveFailures: ejection.consecutive_failures,
      baseMs: ejection.base_ms,
      maxMs: ejection.max_ms,
      maxShare: ejection.max_share,
    },
    allowLinkLocal,
    userAgent: host.userAgent,
    logger: host.logger,
  });
  const service = route.service ?? pool.name;
  return {
    prefix: route.prefix,
    host: route.host,
    stripPrefix: route.strip_prefix,
    preserveHost: route.preserve_host,
    service,
    tracer: tracers.of(service),
    trace: traceHeaders(route.propagation ?? config.propagation),
    pool,
    ...connections,
    counted: routeCounters(host.metrics, service),
  };
}

export function closeRoute(route: Route): void {
  route.pool.close();
  closeConnections(route);
}
