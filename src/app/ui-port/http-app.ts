import type { ServerResponse } from "node:http";
import createRouter, { type RequestHandler, type Router } from "router";
import type { Logger } from "../../component/logger.ts";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { createJaegerRoutes } from "../../query/jaeger/routes.ts";
import { createJaegerV3Routes } from "../../query/jaeger-v3/routes.ts";
import { createSavedRoutes } from "../../query/saved/routes.ts";
import { createComparisonRoutes } from "../../query/ui/comparison/routes.ts";
import { createLiveRoutes } from "../../query/ui/live-routes.ts";
import { createUiRoutes } from "../../query/ui/routes.ts";
import { isAllowedHost } from "../../server/host-check.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { setPagePolicy } from "../../server/page-policy.ts";
import { crossOriginReason, crossSiteReason } from "../../server/same-origin.ts";
import { OWN_PATH, withSlash } from "./base-path.ts";
import { CONTROL_PATHS } from "./control-paths.ts";
import { errorAnswer, noSuchEndpoint, pathOf, sendEnvelope } from "./http-errors.ts";
import { type McpGateSettings, mcpGate } from "./mcp-gate.ts";

export interface ApiSettings {
  readonly viewHost: ViewHost;
  /** Of all that is read in this thread. */
  readonly bounds: AnswerBounds;
  /** Answers what the control application knows (createControlApp); `url` is below the base path. */
  readonly control: HttpHandler;
  /** Ends the streams that would keep the listener open. */
  readonly closing: AbortSignal;
  readonly basePath: string;
  /** Undefined where the MCP endpoint is off. */
  readonly mcp: McpGateSettings["mcp"];
  /** A foreign UI has the base path: our own pages, and what they ask, are below OWN_PATH. */
  readonly besideForeign: boolean;
  /** Where people log in; undefined without access control. */
  readonly login?: Router | undefined;
}

export interface HttpAppSettings extends ApiSettings {
  readonly allowedHosts: readonly string[];
  readonly logger: Logger;
  /** Gives what answers everything else: createPages. */
  readonly loadPages: () => Promise<RequestHandler>;
}

/**
 * The application on the UI port, as it runs beside the views: web UI, read APIs, and the way to the control
 * application. Read APIs are answered before an express application sees the request: that gives every request another
 * prototype, which costs more than most of these answers, and it takes longer to load than all the rest.
 */
export function createHttpApp(settings: HttpAppSettings): HttpHandler {
  const base = withSlash(settings.basePath);

  const front = createRouter();
  front.use((_request, response, next) => {
    setPagePolicy(response);
    next();
  });
  front.use((request, response, next) => {
    if (isAllowedHost(request.headers.host, settings.allowedHosts)) next();
    else {
      sendEnvelope(response, 421, `host "${request.headers.host}" is not served here; add it to ui.allowed_hosts`);
    }
  });
  const api = createApiRoutes(settings);
  front.use(base, api);
  // Probes of images and manifests know nothing of the base path, and a reverse proxy may take it off.
  if (base !== "/") front.use(api);
  if (settings.besideForeign) for (const path of new Set([base, "/"])) front.use(path + OWN_PATH, api);
  front.use(pages(settings.loadPages));

  const failed = errorAnswer(settings.logger);
  const cut = (response: ServerResponse) => () => response.destroy();
  return (request, response) =>
    front(request, response, (error?: unknown) => failed(error, request, response, cut(response)));
}

/** Everything of the UI port but its pages. */
export function createApiRoutes(settings: ApiSettings): Router {
  const { control, viewHost, bounds, closing, basePath, besideForeign, mcp, login } = settings;
  const router = createRouter();
  router.use("/api", (request, response, next) => {
    // What `transform` answers says nothing of what is stored, and it changes nothing: it is guarded as reading is.
    const method = pathOf(request) === "/transform" ? "GET" : request.method;
    const reason = crossSiteReason(request.headers) ?? crossOriginReason(method, request.headers);
    if (reason === undefined) next();
    else sendEnvelope(response, 403, reason);
  });
  for (const path of CONTROL_PATHS) router.all(path, control);
  if (login !== undefined) router.use(login);
  router.use(createLiveRoutes(viewHost, closing));
  router.use(createSavedRoutes(viewHost, Date.now, bounds));
  router.use(createComparisonRoutes(viewHost, Date.now, bounds));
  router.use(createUiRoutes(viewHost, Date.now, bounds));
  router.use(createJaegerRoutes(viewHost, Date.now, bounds));
  router.use(createJaegerV3Routes(viewHost, bounds));
  router.use("/api", noSuchEndpoint);
  router.use(
    "/mcp",
    mcpGate({ mcp, viewHost, bounds, base: `${withSlash(basePath)}${besideForeign ? OWN_PATH : ""}` }),
  );
  return router;
}

/** The web UI and the web server that it takes, loaded when first asked for. */
function pages(load: () => Promise<RequestHandler>): RequestHandler {
  let loaded: Promise<RequestHandler> | undefined;
  return (request, response, next) => {
    loaded ??= load();
    loaded.then((handle) => handle(request, response, next), next);
  };
}
