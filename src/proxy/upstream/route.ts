import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { PermanentError } from "../../component/errors.ts";
import type { Metrics } from "../../component/metrics.ts";
import { messageOf } from "../../model/message-of.ts";
import type { Tracer } from "../../sdk/trace/tracer.ts";
import type { RouteConfig } from "./route-config.ts";
import { upstreamLookup } from "./target.ts";
import type { TraceHeaders } from "./trace-headers.ts";
import type { UpstreamPool } from "./upstream-pool.ts";
import type { Connector } from "./upstream-request.ts";
import { UpstreamSessions } from "./upstream-sessions.ts";

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
  /** Connections of HTTP/1.1 to its instances. */
  readonly connector: Connector;
  /** Connections of HTTP/2 to its instances. */
  readonly sessions: UpstreamSessions;
  readonly counted: RouteCounters;
}

export interface RouteCounters {
  /** A request got a response. Statuses are counted by the hundred. */
  responded(status: number): void;
  retried(): void;
  /** An attempt failed without a whole response. */
  failed(): void;
}

export interface ConnectorSettings {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly maxAnswerHeaderBytes: number;
  readonly allowLinkLocal: boolean;
  /** For messages: `proxy.routes[0]`. */
  readonly key: string;
}

/** Idle connections to upstreams end after this, ms. Node's servers and others close theirs after 5 s. */
const IDLE_CONNECTION_MS = 4_000;
const MAX_FREE_CONNECTIONS = 256;

/**
 * Opens the kept connections to the upstreams of one route.
 * @throws PermanentError `config_invalid` for an unreadable `ca_file`
 */
export function openConnections(
  route: RouteConfig,
  settings: ConnectorSettings,
): { readonly connector: Connector; readonly sessions: UpstreamSessions } {
  const { connectMs, idleMs, maxAnswerHeaderBytes } = settings;
  const lookup = upstreamLookup(settings.allowLinkLocal);
  const rejectUnauthorized = !route.insecure_skip_verify;
  const ca = route.ca_file === undefined ? undefined : readCa(route.ca_file, settings.key);
  const options = { keepAlive: true, maxFreeSockets: MAX_FREE_CONNECTIONS, timeout: IDLE_CONNECTION_MS, noDelay: true };
  const connector = {
    httpAgent: new HttpAgent(options),
    httpsAgent: new HttpsAgent({ ...options, rejectUnauthorized, ...(ca === undefined ? {} : { ca }) }),
    lookup,
    connectMs,
    idleMs,
    maxAnswerHeaderBytes,
  };
  const sessions = { lookup, connectMs, idleMs, maxAnswerHeaderBytes, rejectUnauthorized, ca };
  return { connector, sessions: new UpstreamSessions(sessions) };
}

export function closeConnections({ connector, sessions }: Pick<Route, "connector" | "sessions">): void {
  connector.httpAgent.destroy();
  connector.httpsAgent.destroy();
  sessions.close();
}

/** The metrics of a service's routes. */
export function routeCounters(metrics: Metrics, service: string): RouteCounters {
  const help = "Requests that the proxy answered, by service and hundreds of the status.";
  const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].map((code) =>
    metrics.counter("spanloom_proxy_requests_total", help, { service, code }),
  );
  const retries = metrics.counter("spanloom_proxy_retries_total", "Attempts after the first, by service.", { service });
  const failures = metrics.counter(
    "spanloom_proxy_upstream_failures_total",
    "Attempts that ended without a whole answer, by service.",
    { service },
  );
  return {
    responded: (status) => classes[Math.min(4, Math.max(0, Math.floor(status / 100) - 1))]?.add(1),
    retried: () => retries.add(1),
    failed: () => failures.add(1),
  };
}

function readCa(path: string, key: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new PermanentError("config_invalid", `${key}.ca_file: cannot read ${path}: ${reason}`, { cause });
  }
}
