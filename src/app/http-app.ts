import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express, { type Express, type NextFunction, type Request, type Response, type Router } from "express";
import { PermanentError } from "../component/errors.ts";
import type { Logger } from "../component/logger.ts";
import { type MetricSample, renderPrometheus } from "../component/metrics.ts";
import type { ViewHost } from "../component/read.ts";
import { createJaegerRoutes } from "../query/jaeger/routes.ts";
import { createUiRoutes } from "../query/ui/routes.ts";
import { isAllowedHost } from "../server/host-check.ts";
import { type AdminStore, createAdminRoutes } from "./admin-routes.ts";

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
}

const WEB_ROOT = fileURLToPath(new URL("../../dist/web/", import.meta.url));

/** No inline script or style, nothing from elsewhere: span names and attributes are text from strangers. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

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
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    next();
  });

  const router = express.Router();
  router.get("/healthz", (_request, response) => {
    response.type("text").send("ok\n");
  });
  router.get("/readyz", (_request, response) => {
    const reason = settings.notReady();
    response
      .status(reason === undefined ? 200 : 503)
      .type("text")
      .send(`${reason ?? "ready"}\n`);
  });
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
  router.use(webFiles(base));

  app.use(base, router);
  if (base !== "/") {
    app.get("/", (_request, response) => response.redirect(302, base));
    app.get("/healthz", (_request, response) => {
      response.type("text").send("ok\n");
    });
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

/** The built web UI: hashed assets for ever, every other path is a page of the application. */
function webFiles(base: string): express.Router {
  const router = express.Router();
  if (!existsSync(`${WEB_ROOT}index.html`)) {
    router.get("/", (_request, response) => {
      response.status(503).type("text").send("the web UI is not built: run `npm run build`\n");
    });
    return router;
  }
  const page = readFileSync(`${WEB_ROOT}index.html`, "utf8").replace(
    /<base href="[^"]*"\s*\/?>/,
    `<base href="${base}">`,
  );
  router.use("/assets", express.static(`${WEB_ROOT}assets`, { immutable: true, maxAge: "365d", index: false }));
  router.use(express.static(WEB_ROOT, { index: false, maxAge: 0 }));
  router.get(/.*/, (_request, response) => {
    response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    response.setHeader("cache-control", "no-cache");
    response.type("html").send(page);
  });
  return router;
}

function isHttpError(error: unknown): error is Error & { status: number } {
  return error instanceof Error && typeof (error as { status?: unknown }).status === "number";
}
