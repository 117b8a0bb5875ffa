import type { ServerResponse } from "node:http";
import createRouter from "router";
import type { Access } from "../../component/access.ts";
import type { Host } from "../../component/component.ts";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { createTempoRoutes } from "../../query/tempo/routes.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import { isAllowedHost } from "../../server/host-check.ts";
import { type HttpHandler, HttpListener } from "../../server/http-listener.ts";
import { crossSiteReason } from "../../server/same-origin.ts";
import type { TlsConfig } from "../../server/tls.ts";

export interface TempoSettings {
  /** Undefined: the collector has no access control. */
  readonly access: Access | undefined;
  readonly endpoint: string;
  readonly tls: TlsConfig | undefined;
  readonly viewHost: ViewHost;
  readonly bounds: AnswerBounds;
  /** Names by which it may be reached besides localhost and addresses. */
  readonly allowedHosts: readonly string[];
  readonly host: Host;
}

/** A search may take its time; a request has to arrive within it. */
const REQUEST_MS = 60_000;

/** A port of its own with Tempo's API for readers. */
export function createTempoListener(settings: TempoSettings): HttpListener {
  return new HttpListener({
    name: {
      title: "Tempo's API",
      configKey: "ui.tempo_endpoint",
      usualOccupant: "Tempo or another spanloom",
    },
    access: settings.access,
    needOf: () => ["read"],
    endpoint: settings.endpoint,
    tls: settings.tls,
    logger: settings.host.logger,
    handler: createTempoApp(settings),
    requestTimeoutMs: REQUEST_MS,
  });
}

function createTempoApp({ viewHost, bounds, allowedHosts, host }: TempoSettings): HttpHandler {
  const app = createRouter();
  app.use((request, response, next) => {
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    const { host: name } = request.headers;
    if (!isAllowedHost(name, allowedHosts)) {
      sendText(response, 421, `host "${name}" is not served here; add it to ui.allowed_hosts`);
      return;
    }
    const reason = crossSiteReason(request.headers);
    if (reason === undefined) next();
    else sendText(response, 403, reason);
  });
  app.use(createTempoRoutes(viewHost, bounds, host.userAgent));
  app.get("/", (_request, response) => sendText(response, 200, WHAT_IS_HERE));
  app.use((_request, response) => sendText(response, 404, "404 page not found"));
  const failed = failureHandler(host.logger, ({ http, message }, response) => sendText(response, http, message));
  const cut = (response: ServerResponse) => () => response.destroy();
  return (request, response) =>
    app(request, response, (error?: unknown) => failed(error, request, response, cut(response)));
}

/** For people who open the port in a browser. */
const WHAT_IS_HERE =
  "This is Spanloom's port for Grafana: its Tempo data source reads traces here, below /api.\n" +
  "The pages are on the port of ui.endpoint, 16686 unless it is set.\n";

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(text);
}
