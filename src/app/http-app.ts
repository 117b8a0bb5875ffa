import express, { type Express, type Request, type Response, type Router } from "express";
import type { Logger } from "../component/logger.ts";
import type { ViewHost } from "../component/read.ts";
import { createJaegerRoutes } from "../query/jaeger/routes.ts";
import { createUiRoutes } from "../query/ui/routes.ts";
import { isAllowedHost } from "../server/host-check.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import { crossOriginReason } from "../server/same-origin.ts";
import { CONTROL_PATHS, HEALTH_PATHS } from "./control-paths.ts";
import { errorAnswer, noSuchEndpoint, pathOf, sendEnvelope } from "./http-errors.ts";
import { CONTENT_SECURITY_POLICY, WEB_ROOT, webFiles } from "./web-files.ts";

export interface HttpAppSettings {
  readonly viewHost: ViewHost;
  /** Answers what the control application knows (createControlApp); `url` is below the base path. */
  readonly control: HttpHandler;
  readonly basePath: string;
  readonly allowedHosts: readonly string[];
  readonly logger: Logger;
  /** Folder of the built web UI. Default: beside this package's code. */
  readonly webRoot?: string;
}

/**
 * The application on the UI port, as it runs beside the views: web UI, read APIs, and the way to the control application.
 * Read APIs are answered before an express application sees the request: that gives every request another prototype,
 * which costs more than most of these answers.
 */
export function createHttpApp(settings: HttpAppSettings): HttpHandler {
  const { control } = settings;
  const base = settings.basePath.endsWith("/") ? settings.basePath : `${settings.basePath}/`;

  const front = express.Router();
  front.use((request, response, next) => {
    if (isAllowedHost(request.headers.host, settings.allowedHosts)) next();
    else {
      sendEnvelope(response, 421, `host "${request.headers.host}" is not served here; add it to ui.allowed_hosts`);
    }
  });
  front.use((_request, response, next) => {
    response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    response.setHeader("cross-origin-resource-policy", "same-origin");
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    next();
  });
  front.use(base, apiRoutes(settings));
  // Probes of images and manifests know nothing of the base path.
  if (base !== "/") for (const path of HEALTH_PATHS) front.all(path, control);
  front.use(pages(base, settings.webRoot ?? WEB_ROOT));

  const failed = errorAnswer(settings.logger);
  return (request, response) =>
    front(request as Request, response as Response, (error?: unknown) => failed(error, request, response));
}

function apiRoutes({ control, viewHost }: HttpAppSettings): Router {
  const router = express.Router();
  router.use("/api", (request, response, next) => {
    // What `transform` answers says nothing of what is stored, and it changes nothing.
    const reason = pathOf(request) === "/transform" ? undefined : crossOriginReason(request.method, request.headers);
    if (reason === undefined) next();
    else sendEnvelope(response, 403, reason);
  });
  for (const path of CONTROL_PATHS) router.all(path, control);
  router.use(createUiRoutes(viewHost));
  router.use(createJaegerRoutes(viewHost));
  router.use("/api", noSuchEndpoint);
  return router;
}

/** The web UI, and what is said of paths outside it. */
function pages(base: string, webRoot: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(base, webFiles(base, webRoot));
  if (base !== "/") app.get("/", (_request, response) => response.redirect(302, base));
  app.use((request, response) => {
    response.status(404).type("text").send(`nothing at ${request.path}; the UI is at ${base}\n`);
  });
  return app;
}
