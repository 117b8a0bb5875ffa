import type { ServerResponse } from "node:http";
import createRouter, { type RequestHandler } from "router";
import type { Logger } from "../../component/logger.ts";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { createZipkinRoutes } from "../../query/zipkin/routes.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { crossSiteReason } from "../../server/same-origin.ts";
import type { ForeignUi } from "./foreign-ui.ts";

export interface ZipkinAppSettings {
  readonly viewHost: ViewHost;
  readonly bounds: AnswerBounds;
  readonly logger: Logger;
  /** Zipkin's UI; undefined where there is none. */
  readonly ui: ForeignUi | undefined;
  /** Keys of tags that readers are offered. */
  readonly autocompleteKeys: readonly string[];
}

/** What readers find on the port that Zipkin's senders send to; the receiver has looked at the host name. */
export function createZipkinApp(settings: ZipkinAppSettings): HttpHandler {
  const { viewHost, bounds, logger, ui, autocompleteKeys } = settings;
  const app = createRouter();
  app.use((_request, response, next) => {
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    next();
  });
  const guard: RequestHandler = (request, response, next) => {
    const reason = crossSiteReason(request.headers);
    if (reason === undefined) next();
    else sendText(response, 403, reason);
  };
  app.use("/api", guard);
  app.use("/zipkin/api", guard);
  app.use(createZipkinRoutes(viewHost, bounds, autocompleteKeys));
  app.use("/api", notFound);
  app.use("/zipkin/api", notFound);
  if (ui !== undefined) app.use(pagesOf(ui));
  else app.get("/", (_request, response) => sendText(response, 200, WHAT_IS_HERE));
  app.use(notFound);
  const failed = failureHandler(logger, ({ http, message }, response) => sendText(response, http, message));
  const cut = (response: ServerResponse) => () => response.destroy();
  return (request, response) =>
    app(request, response, (error?: unknown) => failed(error, request, response, cut(response)));
}

/** Its web server is loaded when first asked for. */
function pagesOf(ui: ForeignUi): RequestHandler {
  let loaded: Promise<RequestHandler> | undefined;
  return (request, response, next) => {
    loaded ??= import("./foreign-pages.ts").then(({ zipkinPages }) => zipkinPages(ui));
    loaded.then((handle) => handle(request, response, next), next);
  };
}

/** For people who open the port in a browser. */
const WHAT_IS_HERE =
  "This is Spanloom's port for Zipkin: spans are taken at POST /api/v2/spans and read below /api/v2.\n" +
  "The pages are on the port of ui.endpoint, 16686 unless it is set.\n";

const notFound: RequestHandler = (_request, response) => sendText(response, 404, "404 Not Found");

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(text);
}
