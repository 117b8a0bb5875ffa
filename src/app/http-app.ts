import express, { type Express, type NextFunction, type Request, type Response, type Router } from "express";
import { PermanentError } from "../component/errors.ts";
import type { Logger } from "../component/logger.ts";
import { type MetricSample, renderPrometheus } from "../component/metrics.ts";
import type { ViewHost } from "../component/read.ts";
import { createJaegerRoutes } from "../query/jaeger/routes.ts";
import { createUiRoutes } from "../query/ui/routes.ts";
import { isAllowedHost } from "../server/host-check.ts";
import { crossOriginReason } from "../server/same-origin.ts";
import { type AdminStore, createAdminRoutes } from "./admin-routes.ts";
import { CONTENT_SECURITY_POLICY, WEB_ROOT, webFiles } from "./web-files.ts";

export interface HttpAppSettings {
  readonly viewHost: ViewHost;
  /** What maintenance works on; absent leaves its routes out. */
  readonly admin?: AdminStore;
  /** `/api/registry`. */
  readonly registry?: Router;
  readonly basePath: string;
  readonly allowedHosts: readonly string[];
  readonly metrics: () => Promise<readonly MetricSample[]>;
  readonly status: () => Promise<unknown>;
  /** Why the collector cannot take spans now; undefined when it can. */
  readonly notReady: () => string | undefined;
  readonly logger: Logger;
  /** Folder of the built web UI. Default: beside this package's code. */
  readonly webRoot?: string;
}

/** The application on the UI port: web UI, read APIs, /metrics, /healthz, /readyz. */
export function createHttpApp(settings: HttpAppSettings): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  const base = settings.basePath.endsWith("/") ? settings.basePath : `${settings.basePath}/`;

  app.use((request, response, next) => {
    if (isAllowedHost(request.headers.host, settings.allowedHosts)) next();
    else {
      response.status(421).json({
        errors: [{ code: 421, msg: `host "${request.headers.host}" is not served here; add it to ui.allowed_hosts` }],
      });
    }
  });
  app.use((_request, response, next) => {
    response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    response.setHeader("cross-origin-resource-policy", "same-origin");
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    next();
  });

  const router = express.Router();
  router.use("/api", (request, response, next) => {
    // What `transform` answers says nothing of what is stored, and it changes nothing.
    const reason = request.path === "/transform" ? undefined : crossOriginReason(request.method, request.headers);
    if (reason === undefined) next();
    else response.status(403).json({ errors: [{ code: 403, msg: reason }] });
  });
  router.use(healthRoutes(settings.notReady));
  router.get("/metrics", async (_request, response) => {
    const text = renderPrometheus(await settings.metrics());
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.send(text);
  });
  router.get("/api/ui/status", async (_request, response) => {
    response.setHeader("cache-control", "no-store");
    response.json(await settings.status());
  });
  if (settings.admin !== undefined) router.use(createAdminRoutes(settings.admin));
  if (settings.registry !== undefined) router.use(settings.registry);
  router.use(createUiRoutes(settings.viewHost));
  router.use(createJaegerRoutes(settings.viewHost));
  router.use("/api", (request, response) => {
    response
      .status(404)
      .json({ errors: [{ code: 404, msg: `no such endpoint: ${request.method} ${request.originalUrl}` }] });
  });
  router.use(webFiles(base, settings.webRoot ?? WEB_ROOT));

  app.use(base, router);
  if (base !== "/") {
    app.get("/", (_request, response) => response.redirect(302, base));
    // Probes of images and manifests know nothing of the base path.
    app.use(healthRoutes(settings.notReady));
  }
  app.use((request, response) => {
    response.status(404).type("text").send(`nothing at ${request.path}; the UI is at ${base}\n`);
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = error instanceof PermanentError || !isHttpError(error) ? 500 : error.status;
    const message = status >= 500 ? "internal error; the collector's log has it" : (error as Error).message;
    if (status >= 500) {
      settings.logger.error("request failed", {
        path: request.path,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
    response.status(status).json({ errors: [{ code: status, msg: message }] });
  });
  return app;
}

function healthRoutes(notReady: HttpAppSettings["notReady"]): express.Router {
  const router = express.Router();
  router.get("/healthz", (_request, response) => {
    response.type("text").send("ok\n");
  });
  router.get("/readyz", (_request, response) => {
    const reason = notReady();
    response
      .status(reason === undefined ? 200 : 503)
      .type("text")
      .send(`${reason ?? "ready"}\n`);
  });
  return router;
}

function isHttpError(error: unknown): error is Error & { status: number } {
  return error instanceof Error && typeof (error as { status?: unknown }).status === "number";
}
