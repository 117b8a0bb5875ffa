import createRouter, { type Request, type Router } from "router";
import type { ViewHost } from "../../component/read.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { AnswerBounds } from "../answer-bounds.ts";
import { errorHandler, type ViewRequest, viewHandler } from "../http.ts";
import type { QueryParams } from "../params.ts";
import { gatewayErrorBody, malformed } from "./error-body.ts";
import { parseV3Search, v3Bool, v3Text, v3Time } from "./params.ts";
import { toTraceQuery } from "./search.ts";
import { requireAnyTraceId } from "./trace-id.ts";
import type { JaegerV3ViewParams } from "./views.ts";

const NANOS_PER_MS = 1_000_000n;

/**
 * Jaeger's v3 HTTP API with its full paths, `/api/v3/services` and on, by GET alone as Jaeger's gateway; to be mounted
 * at the root or a base path. What it does not know is left to the next handler.
 */
export function createJaegerV3Routes(host: ViewHost, bounds: AnswerBounds): Router {
  const router = createRouter({ caseSensitive: true });
  const get = (path: string, parse: (params: QueryParams, request: Request) => ViewRequest) =>
    router.get(`/api/v3${path}`, viewHandler(host, gatewayErrorBody, parse, bounds));

  get("/services", () => request("jaeger.v3.services", {}));
  get("/operations", (params) => request("jaeger.v3.operations", parseOperations(params)));
  get("/traces", (params) => {
    const search = parseV3Search(params);
    if (search.page !== undefined) {
      throw malformed("query.pagination", "a page", "none: pages are those of /api/v3/trace-summaries");
    }
    return request("jaeger.v3.search", { query: toTraceQuery(search), raw: v3Bool(params, "query.rawTraces") });
  });
  get("/traces/:traceId", (params, req) => {
    // Hints of where to look; ids are found without, but a malformed hint is still refused.
    v3Time(params, "startTime");
    v3Time(params, "endTime");
    const traceId = requireAnyTraceId(String(req.params.traceId), "trace_id");
    return request("jaeger.v3.trace", { traceId, raw: v3Bool(params, "rawTraces") });
  });
  get("/trace-summaries", (params) => {
    const search = parseV3Search(params);
    v3Bool(params, "query.rawTraces");
    return request("jaeger.v3.summaries", { query: toTraceQuery(search), paged: search.page !== undefined });
  });
  get("/dependencies", (params) => request("jaeger.v3.dependencies", parseDependencies(params)));
  get("/capabilities", () => request("jaeger.v3.capabilities", {}));

  router.use("/api/v3", errorHandler(gatewayErrorBody));
  return router;
}

function parseOperations(params: QueryParams): JaegerV3ViewParams["jaeger.v3.operations"] {
  const service = v3Text(params, "service");
  if (service === "") throw malformed("service", "", "the name of a service");
  const kind = v3Text(params, "spanKind").toLowerCase();
  if (kind !== "" && !(SPAN_KIND_NAMES as readonly string[]).includes(kind)) {
    throw malformed("spanKind", kind, `one of ${SPAN_KIND_NAMES.join(", ")}`);
  }
  return { service, kind: kind === "unspecified" ? "internal" : kind };
}

function parseDependencies(params: QueryParams): JaegerV3ViewParams["jaeger.v3.dependencies"] {
  const start = v3Time(params, "startTime");
  const end = v3Time(params, "endTime");
  if (start === undefined || end === undefined) throw malformed("startTime", "", "startTime and endTime");
  if (start > end) throw malformed("startTime", v3Text(params, "startTime"), "a time before endTime");
  return { startMs: Math.max(0, Number(start / NANOS_PER_MS)), endMs: Math.max(0, Number(end / NANOS_PER_MS)) };
}

function request<Name extends keyof JaegerV3ViewParams>(view: Name, params: JaegerV3ViewParams[Name]): ViewRequest {
  return { view, params };
}
