import createRouter, { type Request, type RequestHandler, type Router } from "router";
import { PermanentError } from "../../component/errors.ts";
import type { ViewHost } from "../../component/read.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import { DAY_MS } from "../../model/time.ts";
import { AnswerBounds } from "../answer-bounds.ts";
import { errorHandler, type ViewRequest, viewHandler, wildcardParam } from "../http.ts";
import { badParam, boolParam, intParam, type QueryParams, textParam, timeParam } from "../params.ts";
import { parseSearchParams, parseTraceIdParams, requireTraceId } from "../search-params.ts";
import { jaegerErrorBody } from "./envelope.ts";
import { JAEGER_METRICS, parseMetricsParams } from "./metrics.ts";
import type { JaegerViewParams } from "./views.ts";

/** Also after inflating. */
const MAX_TRANSFORM_BYTES = 64 << 20;
const MAX_MS = 8_640_000_000_000_000;

/**
 * Jaeger's v1 HTTP API with its full paths, `/api/services` and on; to be mounted at the root or a base path. What it
 * does not know is left to the next handler. `now` is the wall clock in ms since the epoch.
 */
export function createJaegerRoutes(
  host: ViewHost,
  now: () => number = Date.now,
  bounds: AnswerBounds = new AnswerBounds(),
): Router {
  const router = createRouter({ caseSensitive: true });
  const get = (path: string, parse: (params: QueryParams, request: Request) => ViewRequest) =>
    router.get(path, viewHandler(host, jaegerErrorBody, parse, bounds));

  get("/api/services", () => request("jaeger.services", {}));
  get("/api/services/*service/operations", (_params, req) =>
    request("jaeger.operations", { service: wildcardParam(req, "service"), namesOnly: true }),
  );
  get("/api/operations", (params) => request("jaeger.operations", parseOperations(params)));
  get("/api/traces", (params) => {
    const raw = boolParam(params, "raw");
    const query = parseSearchParams(params, BigInt(now()) * 1_000_000n);
    const traceIds = parseTraceIdParams(params);
    return traceIds.length > 0 ? request("jaeger.traces", { traceIds, raw }) : request("jaeger.search", { query, raw });
  });
  get("/api/traces/:traceID", (params, req) => {
    // Jaeger's hint of where to look; ids are found without, but a malformed hint is still refused.
    timeParam(params, "start");
    timeParam(params, "end");
    const traceId = requireTraceId(String(req.params.traceID), "traceID");
    return request("jaeger.trace", { traceId, raw: boolParam(params, "raw") });
  });
  get("/api/dependencies", (params) => {
    const endMs = intParam(params, "endTs", 0, MAX_MS) ?? now();
    const lookback = intParam(params, "lookback", 0, MAX_MS) ?? DAY_MS;
    const service = textParam(params, "service");
    const startMs = Math.max(0, endMs - lookback);
    return request("jaeger.dependencies", { startMs, endMs, ...(service === undefined ? {} : { service }) });
  });
  router.post(
    "/api/transform",
    wholeBody,
    viewHandler(host, jaegerErrorBody, (_params, req) => request("jaeger.transform", { body: bodyOf(req) }), bounds),
  );
  for (const metric of JAEGER_METRICS) {
    get(`/api/metrics/${metric}`, (params) => request("jaeger.metrics", parseMetricsParams(metric, params, now())));
  }
  get("/api/metrics/minstep", () => request("jaeger.minstep", {}));
  router.post(
    "/api/archive/:traceID",
    notConfigured("archiving is not available: traces stay in the one store until its retention removes them"),
  );
  router.use("/api", errorHandler(jaegerErrorBody));
  return router;
}

function request<Name extends keyof JaegerViewParams>(view: Name, params: JaegerViewParams[Name]): ViewRequest {
  return { view, params };
}

function parseOperations(params: QueryParams): JaegerViewParams["jaeger.operations"] {
  const service = textParam(params, "service");
  if (service === undefined) throw badParam("service", "", "the name of a service: parameter 'service' is required");
  const kind = textParam(params, "spanKind")?.toLowerCase();
  if (kind !== undefined && !(SPAN_KIND_NAMES as readonly string[]).includes(kind)) {
    throw badParam("spanKind", kind, `one of ${SPAN_KIND_NAMES.join(", ")}`);
  }
  return { service, namesOnly: false, ...(kind === undefined ? {} : { kind }) };
}

/** Reads the body, inflated where it is compressed. What does so is loaded with the first request that has one. */
const wholeBody: RequestHandler = (request, response, next) => {
  import("express").then(
    ({ default: { raw } }) => raw({ type: () => true, limit: MAX_TRANSFORM_BYTES })(request, response, next),
    next,
  );
};

/** What `wholeBody` read; empty for a request without a body. */
function bodyOf(request: Request & { readonly body?: unknown }): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

/** Jaeger, too, answers `unsupported` (501) for a storage that is not there. */
function notConfigured(message: string): RequestHandler {
  return (_request, _response, next) => next(new PermanentError("unsupported", message));
}
