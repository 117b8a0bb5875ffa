import type { ServerResponse } from "node:http";
import createRouter from "router";
import type { Logger } from "../../component/logger.ts";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { createZipkinRoutes } from "../../query/zipkin/routes.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { crossSiteReason } from "../../server/same-origin.ts";

export interface ZipkinAppSettings {
  readonly viewHost: ViewHost;
  readonly bounds: AnswerBounds;
  readonly logger: Logger;
}

/** What readers find on the port that Zipkin's senders send to; the receiver has looked at the host name. */
export function createZipkinApp({ viewHost, bounds, logger }: ZipkinAppSettings): HttpHandler {
  const app = createRouter();
  app.use((request, response, next) => {
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    const reason = crossSiteReason(request.headers);
    if (reason === undefined) next();
    else sendText(response, 403, reason);
  });
  app.use(createZipkinRoutes(viewHost, bounds));
  app.use((_request, response) => sendText(response, 404, "404 Not Found"));
  const failed = failureHandler(logger, ({ http, message }, response) => sendText(response, http, message));
  const cut = (response: ServerResponse) => () => response.destroy();
  return (request, response) =>
    app(request, response, (error?: unknown) => failed(error, request, response, cut(response)));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(text);
}
