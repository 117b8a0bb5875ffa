import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Component, Host } from "../component/component.ts";
import type { EndpointResolver } from "../component/discovery.ts";
import type { Endpoint } from "../component/endpoint.ts";
import { PermanentError } from "../component/errors.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import type { SpanExporter } from "../sdk/exporters/exporter.ts";
import { Admission } from "./admission.ts";
import { GrpcCall } from "./grpc/grpc-call.ts";
import { respondWithGrpcStatus, statusOfRefusal } from "./grpc/grpc-response.ts";
import { Exchange } from "./http/exchange.ts";
import { ProxyListener } from "./listener.ts";
import type { Admitted } from "./message/admitted.ts";
import type { Refusal } from "./message/request-guard.ts";
import { type AnyRequest, type AnyResponse, isGrpc, isHttp2, respondWithText } from "./message/response.ts";
import { endWith, responseOn } from "./message/socket-response.ts";
import { closeRoute, openRoute } from "./open-route.ts";
import { type ProxyConfig, trustedPeers } from "./proxy-config.ts";
import { RouteTracers } from "./route-tracers.ts";
import type { UpstreamFailure } from "./upstream/errors.ts";
import type { Route } from "./upstream/route.ts";
import { duplicateRoute, Router } from "./upstream/router.ts";
import { handshakeProblem, isWebSocket } from "./websocket/handshake.ts";
import { Tunnel, type TunnelSettings } from "./websocket/tunnel.ts";

export interface ProxySettings {
  /** Takes the spans. Shut down with the proxy. */
  readonly exporter: SpanExporter;
  /** For `discover://` upstreams. Undefined where no registry is set up. */
  readonly resolver: EndpointResolver | undefined;
  /** How long spans are gathered before they go out, ms. Default 500. */
  readonly spanDelayMs?: number;
}

const SPAN_DELAY_MS = 500;
const MIB = 1024 * 1024;

/**
 * A reverse proxy that traces what goes through it. Each request has a server and a client span. They are in the trace
 * that the caller's headers name, in any format. That trace is told on in the configured formats. The proxy goes
 * nowhere but to the upstreams of its config.
 */
export class TracingProxy implements Component {
  readonly #config: ProxyConfig;
  readonly #settings: ProxySettings;
  readonly #exchanges: TunnelSettings;
  readonly #tunnels = new Set<() => void>();
  #host: Host = { logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom" };
  #tracers: RouteTracers | undefined;
  #routes: readonly Route[] = [];
  #listener: ProxyListener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: ProxyConfig, settings: ProxySettings) {
    this.#config = config;
    this.#settings = settings;
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

  /** Where it listens. Undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#listener?.address;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    const duplicate = duplicateRoute(this.#config.routes);
    if (duplicate !== undefined) {
      const [first, second] = duplicate;
      const reason = `takes the same requests as proxy.routes[${first}]; expected another prefix or host`;
      throw new PermanentError("config_invalid", `proxy.routes[${second}]: ${reason}`);
    }
    const config = this.#config;
    const { exporter, resolver, spanDelayMs: delayMs = SPAN_DELAY_MS } = this.#settings;
    const tracers = new RouteTracers({ exporter, sampling: config.sampling, delayMs, logger: host.logger });
    this.#tracers = tracers;
    const routes: Route[] = [];
    try {
      for (const [at, route] of config.routes.entries()) {
        routes.push(openRoute(route, `proxy.routes[${at}]`, { config, host, tracers, resolver }));
      }
      const admission = new Admission({
        router: new Router(routes),
        allowedHosts: config.allowed_hosts,
        trusts: trustedPeers(config.trust_forwarded),
        logger: host.logger,
      });
      this.#listener = this.#createListener(admission);
      await this.#listener.start();
      this.#routes = routes;
    } catch (error) {
      for (const route of routes) closeRoute(route);
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
    for (const route of this.#routes) closeRoute(route);
    await this.#tracers?.shutdown();
  }

  #createListener(admission: Admission): ProxyListener {
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
      onRequest: (request, response, expectsContinue) => {
        this.#handle(request, response, admission.admit(request), expectsContinue);
      },
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head, admission),
    });
  }

  #handle(request: AnyRequest, response: AnyResponse, admitted: Admitted | Refusal, expectsContinue: boolean): void {
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

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, admission: Admission): void {
    if (!isWebSocket(request)) {
      // Upgrade may be ignored (RFC 9110 §7.8). The parser has let go of the socket, so only a request without body can
      // go on.
      const hasBody =
        request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
      if (hasBody) endWith(socket, 400, "of upgrades only websocket is forwarded");
      else this.#handle(request, responseOn(request, socket), admission.admit(request), false);
      return;
    }
    const admitted = admission.admit(request);
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
    const problem = handshakeProblem(request);
    if (problem !== undefined) {
      admitted.server.setStatus("error", problem).end();
      endWith(socket, 400, problem);
      return;
    }
    new Tunnel(request, socket, head, admitted, this.#exchanges).start();
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
