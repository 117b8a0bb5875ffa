import createRouter, { type Request, type Response, type Router } from "router";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../answer-bounds.ts";
import { errorHandler, type ViewRequest, viewHandler } from "../http.ts";
import type { QueryParams } from "../params.ts";
import { mandatory, parseRange, parseZipkinSearch, refused, requireZipkinTraceId, zipkinErrorBody } from "./params.ts";
import type { ZipkinViewParams } from "./views.ts";

/** Most traces that one request names. */
const MAX_MANY = 1_000;
/** What Zipkin's UI is told, ms. */
const UI_LOOKBACK_MS = 900_000;

/**
 * Zipkin's v2 API for readers, under `/api/v2` and `/zipkin/api/v2`, what its UI asks of itself and its health check.
 * What it does not know is left to the next handler.
 * @param autocompleteKeys keys of tags of which values are given; none of others
 * @param now the wall clock, ms since the epoch
 */
export function createZipkinRoutes(
  host: ViewHost,
  bounds: AnswerBounds,
  autocompleteKeys: readonly string[],
  now: () => number = Date.now,
): Router {
  const router = createRouter({ caseSensitive: true });
  const get = (path: string, parse: (params: QueryParams, request: Request) => ViewRequest) => {
    const handler = viewHandler(host, zipkinErrorBody, parse, bounds);
    for (const prefix of ["/api/v2", "/zipkin/api/v2"]) router.get(`${prefix}${path}`, handler);
  };
  const fixed = (paths: readonly string[], value: unknown) => {
    for (const path of paths) {
      router.get(path, (_request: Request, response: Response) => {
        response.setHeader("content-type", "application/json; charset=utf-8");
        response.end(JSON.stringify(value));
      });
    }
  };

  get("/services", () => request("zipkin.services", {}));
  get("/spans", (params) => request("zipkin.spans", { service: serviceOf(params) }));
  get("/remoteServices", (params) => request("zipkin.remoteServices", { service: serviceOf(params) }));
  get("/traces", (params) => request("zipkin.search", parseZipkinSearch(params, now())));
  get("/trace/:traceId", (_params, req) =>
    request("zipkin.trace", { traceId: requireZipkinTraceId(String(req.params.traceId)) }),
  );
  get("/traceMany", (params) => request("zipkin.traces", { traceIds: parseMany(mandatory(params, "traceIds")) }));
  get("/dependencies", (params) => request("zipkin.dependencies", parseRange(params)));
  fixed(["/api/v2/autocompleteKeys", "/zipkin/api/v2/autocompleteKeys"], autocompleteKeys);
  get("/autocompleteValues", (params) => {
    const key = mandatory(params, "key");
    if (key === "") throw refused("key was empty");
    return request("zipkin.autocompleteValues", { key: autocompleteKeys.includes(key) ? key : undefined });
  });
  fixed(["/zipkin/config.json", "/config.json"], {
    environment: "",
    queryLimit: 10,
    defaultLookback: UI_LOOKBACK_MS,
    searchEnabled: true,
    logsUrl: null,
    supportUrl: null,
    archivePostUrl: null,
    archiveUrl: null,
    dependency: { enabled: true, lowErrorRate: 0.5, highErrorRate: 0.75 },
  });
  fixed(["/health"], { status: "UP", zipkin: { status: "UP" } });

  router.use(errorHandler(zipkinErrorBody));
  return router;
}

function serviceOf(params: QueryParams): string {
  return mandatory(params, "serviceName").toLowerCase();
}

function parseMany(text: string): string[] {
  if (text === "") throw refused("traceIds parameter is empty");
  const given = text.split(",");
  if (given.length === 1) throw refused("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace");
  if (given.length > MAX_MANY) throw refused(`traceIds names ${given.length} traces, at most ${MAX_MANY} are given`);
  const ids: string[] = [];
  for (const one of given) {
    const id = requireZipkinTraceId(one.trim());
    if (ids.includes(id)) throw refused(`redundant traceId: ${one.trim()}`);
    ids.push(id);
  }
  return ids;
}

function request<Name extends keyof ZipkinViewParams>(view: Name, params: ZipkinViewParams[Name]): ViewRequest {
  return { view, params };
}
