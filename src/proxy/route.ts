import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Tracer } from "../sdk/tracer.ts";
import type { RouteConfig } from "./proxy-config.ts";
import type { TraceHeaders } from "./trace-headers.ts";
import type { UpstreamPool } from "./upstream-pool.ts";
import { upstreamLookup } from "./upstream-pool.ts";
import type { Connector } from "./upstream-request.ts";

/** A route ready for requests. */
export interface Route {
  readonly prefix: string;
  readonly host: string | undefined;
  readonly stripPrefix: boolean;
  readonly preserveHost: boolean;
  /** service.name of its spans. */
  readonly service: string;
  readonly tracer: Tracer;
  readonly trace: TraceHeaders;
  readonly pool: UpstreamPool;
  readonly connector: Connector;
  readonly counted: RouteCounters;
}

export interface RouteCounters {
  /** A request was answered with a status of this hundred. */
  answered(status: number): void;
  retried(): void;
  /** An attempt failed without an answer. */
  failed(): void;
}

export interface ConnectorSettings {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly allowLinkLocal: boolean;
  /** PEM. */
  readonly ca: Buffer | undefined;
}

/** Idle connections to upstreams end before the 5 s after which Node's and other servers close theirs, ms. */
const IDLE_CONNECTION_MS = 4_000;
const MAX_FREE_CONNECTIONS = 256;

/** Kept connections to the upstreams of one route. */
export function openConnector(route: RouteConfig, settings: ConnectorSettings): Connector {
  const options = { keepAlive: true, maxFreeSockets: MAX_FREE_CONNECTIONS, timeout: IDLE_CONNECTION_MS, noDelay: true };
  return {
    httpAgent: new HttpAgent(options),
    httpsAgent: new HttpsAgent({
      ...options,
      rejectUnauthorized: !route.insecure_skip_verify,
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    }),
    lookup: upstreamLookup(settings.allowLinkLocal),
    connectMs: settings.connectMs,
    idleMs: settings.idleMs,
  };
}

export function closeConnector(connector: Connector): void {
  connector.httpAgent.destroy();
  connector.httpsAgent.destroy();
}
