import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Component, Host } from "../component/component.ts";
import type { EndpointResolver } from "../component/discovery.ts";
import type { Endpoint } from "../component/endpoint.ts";
import { PermanentError } from "../component/errors.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import type { SpanExporter } from "../sdk/exporters/exporter.ts";
import { isAllowedHost } from "../server/host-check.ts";
import { GrpcCall } from "./grpc/grpc-call.ts";
import { respondWithGrpcStatus, statusOfRefusal } from "./grpc/grpc-response.ts";
import { startCallServerSpan } from "./grpc/grpc-spans.ts";
import { Exchange } from "./http/exchange.ts";
import { endWith, ProxyListener } from "./listener.ts";
import type { Admitted } from "./message/admitted.ts";
import type { ForwardedFrom } from "./message/forwarded.ts";
import { headerValues } from "./message/headers.ts";
import { type IncomingFacts, startServerSpan } from "./message/http-spans.ts";
import { guardRequest, type Refusal } from "./message/request-guard.ts";
import { type AnyRequest, type AnyResponse, isGrpc, isHttp2, respondWithText } from "./message/response.ts";
import { type ProxyConfig, trustedPeers } from "./proxy-config.ts";
import { RouteTracers } from "./route-tracers.ts";
import type { UpstreamFailure } from "./upstream/errors.ts";
import { closeConnections, openConnections, type Route, routeCounters } from "./upstream/route.ts";
import type { RouteConfig } from "./upstream/route-config.ts";
import { duplicateRoute, Router, upstreamPath } from "./upstream/router.ts";
import { callerContext, traceHeaders } from "./upstream/trace-headers.ts";
import { openPool } from "./upstream/upstream-pool.ts";
import { isWebSocket, responseOn, Tunnel, type TunnelSettings } from "./websocket/tunnel.ts";

export interface ProxySettings {
  /** Where the spans go; shut down with the proxy. */
  readonly exporter: SpanExporter;
  /** For `discover://` upstreams; undefined where no registry is set up. */
  readonly resolver: EndpointResolver | undefined;
  /** How long spans are gathered before they go out, ms; default 500. */
  readonly spanDelayMs?: number;
}

const SPAN_DELAY_MS = 500;
const MIB = 1024 * 1024;

/**
 * A reverse proxy that traces what goes through it: a server and a client span for each request, in the trace that the
 * caller's headers name in any format, told on in the configured ones. It goes nowhere but to the upstreams of its config.
 */
export class TracingProxy implements Component {
  readonly #config: ProxyConfig;
  readonly #settings: ProxySettings;
  readonly #exchanges: TunnelSettings;
  readonly #tunnels = new Set<() => void>();
  /** For Via: a request that comes back with it has gone in a circle. */
  readonly #pseudonym = `spanloom-${randomBytes(4).toString("hex")}`;
  readonly #via = { "1.0": `1.0 ${this.#pseudonym}`, "1.1": `1.1 ${this.#pseudonym}`, "2.0": `2 ${this.#pseudonym}` };
  readonly #trusts: (address: string | undefined) => boolean;
  #host: Host = { logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom" };
  #tracers: RouteTracers | undefined;
  #routes: readonly Route[] = [];
  #router = new Router<Route>([]);
  #listener: ProxyListener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: ProxyConfig, settings: ProxySettings) {
    this.#config = config;
    this.#settings = settings;
    this.#trusts = trustedPeers(config.trust_forwarded);
    const { limits, retries, timeouts } = config;
    this.#exchanges = {
      retries,
      maxBodyBytes: limits.body_mebibytes === null ? Number.POSITIVE_INFINITY : limits.body_mebibytes * MIB,
      logFailure: (route, failure, upstream) => this.#logFailure(route, failure, upstream),
      idleMs: timeouts.tunnel_idle_ms,
      opened: (close) => {
        this.#tunnels.add(close);
        if (this.#stopping !== undefined) close();
      },
      closed: (close) => void this.#tunnels.delete(close),
    };
  }

  /** Where it listens; undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#listener?.address;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    const duplicate = duplicateRoute(this.#config.routes);
    if (duplicate !== undefined) {
      const [first, second] = duplicate;
      const message = `proxy.routes[${second}]: takes the same requests as proxy.routes[${first}]; expected another prefix or host`;
      throw new PermanentError("config_invalid", message);
    }
    const { exporter, spanDelayMs: delayMs = SPAN_DELAY_MS } = this.#settings;
    const tracers = new RouteTracers({ exporter, sampling: this.#config.sampling, delayMs, logger: host.logger });
    this.#tracers = tracers;
    const routes: Route[] = [];
    try {
      for (const [at, route] of this.#config.routes.entries()) routes.push(this.#openRoute(route, at, tracers));
      this.#router = new Router(routes);
      this.#listener = this.#createListener();
      await this.#listener.start();
      this.#routes = routes;
    } catch (error) {
      this.#closeRoutes(routes);
      await tracers.shutdown();
      throw error;
    }
    host.metrics.onSnapshot(() => [
      {
        name: "spanloom_proxy_open_websockets",
        type: "gauge",
        help: "WebSockets that go through the proxy now.",
        labels: {},
        value: this.#tunnels.size,
      },
    ]);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopping ??= this.#stop(signal);
    return this.#stopping;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    for (const close of this.#tunnels) close();
    await this.#listener?.shutdown(signal);
    this.#closeRoutes(this.#routes);
    await this.#tracers?.shutdown();
  }

  #closeRoutes(routes: readonly Route[]): void {
    for (const route of routes) {
      route.pool.close();
      closeConnections(route);
    }
  }

  #openRoute(route: RouteConfig, at: number, tracers: RouteTracers): Route {
    const { ejection, allow_link_local: allowLinkLocal, timeouts } = this.#config;
    const key = `proxy.routes[${at}]`;
    // Before the pool, which holds checks and watches open: this can only fail or hold nothing.
    const connections = openConnections(route, {
      connectMs: timeouts.connect_ms,
      idleMs: timeouts.idle_ms,
      allowLinkLocal,
      key,
    });
    const pool = openPool(route, {
      key,
      resolver: this.#settings.resolver,
      ejection: {
        consecutiveFailures: ejection.consecutive_failures,
        baseMs: ejection.base_ms,
        maxMs: ejection.max_ms,
        maxShare: ejection.max_share,
      },
      allowLinkLocal,
      userAgent: this.#host.userAgent,
      logger: this.#host.logger,
    });
    const service = route.service ?? pool.name;
    return {
      prefix: route.prefix,
      host: route.host,
      stripPrefix: route.strip_prefix,
      preserveHost: route.preserve_host,
      service,
      tracer: tracers.of(service),
      trace: traceHeaders(route.propagation ?? this.#config.propagation),
      pool,
      ...connections,
      counted: routeCounters(this.#host.metrics, service),
    };
  }

  #createListener(): ProxyListener {
    const { limits, timeouts, endpoint, tls } = this.#config;
    return new ProxyListener({
      name: { title: "proxy", configKey: "proxy.endpoint", usualOccupant: "another proxy or web server" },
      endpoint,
      tls,
      logger: this.#host.logger,
      maxConnections: limits.connections,
      maxHeaderBytes: limits.header_kibibytes * 1024,
      maxStreams: limits.streams_per_connection,
      headersTimeoutMs: timeouts.headers_ms,
      requestTimeoutMs: timeouts.request_ms,
      keepAliveTimeoutMs: timeouts.keep_alive_ms,
      onRequest: (request, response, expectsContinue) => this.#handle(request, response, expectsContinue),
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head),
    });
  }

  #handle(request: AnyRequest, response: AnyResponse, expectsContinue: boolean): void {
    const admitted = this.#admit(request);
    if ("status" in admitted) {
      this.#countRefusal(admitted);
      if (isGrpc(request) && isHttp2(response)) {
        respondWithGrpcStatus(request, response, statusOfRefusal(admitted), admitted.message);
      } else respondWithText(request, response, admitted.status, admitted.message);
      return;
    }
    try {
      if (isGrpc(request) && isHttp2(response)) {
        new GrpcCall(request, response, admitted, this.#exchanges).start(expectsContinue);
      } else new Exchange(request, response, admitted, this.#exchanges, expectsContinue).start();
    } catch (error) {
      this.#host.logger.error("a proxied request failed", { reason: String((error as Error)?.stack ?? error) });
      admitted.server.fail(error).end();
      respondWithText(request, response, 500, "internal error; the proxy's log has it");
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!isWebSocket(request)) {
      // Upgrade may be ignored (RFC 9110 §7.8), but the parser has let go of the socket: only without a body.
      const hasBody =
        request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
      if (hasBody) endWith(socket, 400, "of upgrades only websocket is forwarded");
      else this.#handle(request, responseOn(request, socket), false);
      return;
    }
    const admitted = this.#admit(request);
    if ("status" in admitted) {
      this.#countRefusal(admitted);
      endWith(socket, admitted.status, admitted.message);
      return;
    }
    if (admitted.guarded.chunked || (admitted.guarded.contentLength ?? 0) > 0) {
      admitted.server.setStatus("error", "a WebSocket handshake with a body").end();
      endWith(socket, 400, "a WebSocket handshake has no body");
      return;
    }
    new Tunnel(request, socket, head, admitted, this.#exchanges).start();
  }

  #admit(request: AnyRequest): Admitted | Refusal {
    const method = request.method ?? "GET";
    const { rawHeaders } = request;
    const http2 = "stream" in request;
    const guarded = guardRequest({ method, target: request.url ?? "", rawHeaders, http2 });
    if ("status" in guarded) return guarded;
    const { host, path, names, authority, port } = guarded;
    if (!this.#isServed(host)) {
      const message = `host "${host}" is not served here; name it in a route or in proxy.allowed_hosts`;
      return { status: 421, reason: "host", message };
    }
    const { headers, httpVersion } = request;
    if (headers.via?.includes(this.#pseudonym) === true) {
      return { status: 508, reason: "loop", message: "the request came back to this proxy: a route leads to itself" };
    }
    const route = this.#router.match(host, path);
    if (route === undefined) return { status: 404, reason: "no_route", message: `no route takes ${path}` };
    const socket = http2 ? request.stream.session?.socket : request.socket;
    const secure = http2 ? request.stream.session?.encrypted === true : "encrypted" in request.socket;
    const scheme = secure ? "https" : "http";
    const address = socket?.remoteAddress;
    const from: ForwardedFrom = { address, scheme, authority, port, trusted: this.#trusts(address) };
    const caller = callerContext(names, rawHeaders);
    const facts: IncomingFacts = {
      method,
      guarded,
      scheme,
      httpVersion: http2 ? "2" : httpVersion,
      peerAddress: address,
      peerPort: socket?.remotePort,
      clientAddress: clientAddress(rawHeaders, from),
      userAgent: headers["user-agent"],
    };
    const server = isGrpc(request)
      ? startCallServerSpan(route.tracer, upstreamPath(route, "", path), facts, caller)
      : startServerSpan(route.tracer, route.prefix, facts, caller);
    const via = this.#via[http2 ? "2.0" : httpVersion === "1.0" ? "1.0" : "1.1"];
    return { guarded, route, caller, from, server, via };
  }

  #isServed(host: string | undefined): boolean {
    const header = host?.includes(":") ? `[${host}]` : host;
    return isAllowedHost(header, this.#config.allowed_hosts) || (host !== undefined && this.#router.knowsHost(host));
  }

  #countRefusal({ reason }: Refusal): void {
    const help = "Requests that the proxy refused before any route took them, by reason.";
    this.#host.metrics.counter("spanloom_proxy_refused_total", help, { reason }).add(1);
  }

  #logFailure(route: Route, failure: UpstreamFailure, upstream: string | undefined): void {
    this.#host.logger.warn("an upstream failed", {
      service: route.service,
      upstream,
      status: failure.status,
      type: failure.type,
      reason: failure.detail,
    });
  }
}

/** Where the request began: the first address that a trusted peer names, else the peer itself. */
function clientAddress(rawHeaders: readonly string[], { address, trusted }: ForwardedFrom): string | undefined {
  const told = trusted ? headerValues(rawHeaders, "x-forwarded-for")[0]?.split(",")[0]?.trim() : undefined;
  return told === undefined || told === "" ? address : told;
}
