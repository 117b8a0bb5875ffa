import express, { type Express, type Router } from "express";
import type { BatchSink } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import { type MetricSample, renderPrometheus } from "../../component/metrics.ts";
import { refuseUnknown } from "../../query/ui/known-params.ts";
import type { UiStatusResponse } from "../../query/ui/status-types.ts";
import { shownReason } from "../../server/admission/admitted.ts";
import { type AdminStore, createAdminRoutes } from "./admin-routes.ts";
import { errorAnswer, noSuchEndpoint } from "./http-errors.ts";

export interface ControlAppSettings {
  /** What maintenance works on. */
  readonly admin: AdminStore;
  /** For what is loaded into the store from here. */
  readonly sink: BatchSink;
  /** `/api/registry`. */
  readonly registry: Router;
  readonly metrics: () => Promise<readonly MetricSample[]>;
  readonly status: () => Promise<UiStatusResponse>;
  /** Why the collector cannot take spans now; undefined when it can. */
  readonly notReady: () => string | undefined;
  readonly logger: Logger;
}

/**
 * The part of the UI port that knows the collector as a whole and not only its store: /metrics, /healthz, /readyz,
 * status, maintenance and registry. It runs in the main thread; the listener, who may ask what included, is
 * createHttpApp's.
 */
export function createControlApp(settings: ControlAppSettings): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/healthz", (_request, response) => {
    response.type("text").send("ok\n");
  });
  app.get("/readyz", (request, response) => {
    const reason = shownReason(request, settings.notReady());
    response
      .status(reason === undefined ? 200 : 503)
      .type("text")
      .send(`${reason ?? "ready"}\n`);
  });
  app.get("/metrics", async (_request, response) => {
    const text = renderPrometheus(await settings.metrics());
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.send(text);
  });
  app.get("/api/ui/status", async (request, response) => {
    refuseUnknown(new URL(request.url, "http://localhost").searchParams, []);
    response.setHeader("cache-control", "no-store");
    response.json(await settings.status());
  });
  app.use(createAdminRoutes(settings.admin, settings.sink, settings.logger));
  app.use(settings.registry);
  app.use(noSuchEndpoint);
  app.use(errorAnswer(settings.logger));
  return app;
}
