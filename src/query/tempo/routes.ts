import createRouter, { type Request, type Response, type Router } from "router";
import { PermanentError } from "../../component/errors.ts";
import type { ViewHost } from "../../component/read.ts";
import type { KeyScope } from "../../model/attribute-query.ts";
import type { TraceqlField } from "../../model/traceql.ts";
import { SHORT_INTRINSICS } from "../../traceql/names.ts";
import type { AnswerBounds } from "../answer-bounds.ts";
import { errorHandler, type ViewRequest, viewHandler, wildcardParam } from "../http.ts";
import { type QueryParams, textParam } from "../params.ts";
import { filterOfQuery, parseTagName } from "./filter-query.ts";
import { parseMetricsRequest } from "./metrics.ts";
import {
  badTempo,
  countParam,
  nanoBounds,
  parseTempoTraceId,
  refuseOrder,
  secondsRange,
  tempoErrorBody,
} from "./params.ts";
import { parseTempoSearch } from "./search.ts";
import type { TagRange } from "./tag-views.ts";
import type { TempoViewParams } from "./views.ts";

/** Recent enough for all that Grafana's data source asks of a server by its version. */
const VERSION = "2.9.0";
const NANOS_PER_MS = 1_000_000n;
const SCOPES: readonly KeyScope[] = ["event", "instrumentation", "link", "resource", "span"];
/** Most names of a scope, or values, as many as the store gives. */
const MAX_LISTED = 10_000;

/**
 * Tempo's API for readers with its full paths. `server` is what answers, as `spanloom/1.0.0`; `now` the wall clock in
 * ms since the epoch. What it does not know is left to the next handler.
 */
export function createTempoRoutes(
  host: ViewHost,
  bounds: AnswerBounds,
  server: string,
  now: () => number = Date.now,
): Router {
  const router = createRouter({ caseSensitive: true });
  const get = (path: string, parse: (params: QueryParams, request: Request) => ViewRequest) =>
    router.get(path, viewHandler(host, tempoErrorBody, parse, bounds));
  const fixed = (path: string, type: string, body: string) =>
    router.get(path, (_request: Request, response: Response) => {
      response.setHeader("content-type", type);
      response.end(body);
    });

  fixed("/api/echo", "text/plain; charset=utf-8", "echo");
  fixed("/ready", "text/plain; charset=utf-8", "ready\n");
  // Kiali takes its status for Tempo's health.
  fixed("/status/services", "text/plain; charset=utf-8", "query-frontend: Running\n");
  const build = { version: VERSION, revision: server, branch: "", buildDate: "", buildUser: "", goVersion: "" };
  fixed("/api/status/buildinfo", "application/json", JSON.stringify(build));
  get("/api/traces/:traceId", (params, req) => request("tempo.trace", parseTrace(params, req, 1)));
  get("/api/v2/traces/:traceId", (params, req) => request("tempo.trace", parseTrace(params, req, 2)));
  get("/api/search", (params) => request("tempo.search", parseTempoSearch(params)));
  get("/api/search/tags", (params) => request("tempo.tags", parseTags(params, 1)));
  get("/api/v2/search/tags", (params) => request("tempo.tags", parseTags(params, 2)));
  get("/api/search/tag/*tag/values", (params, req) => {
    return request("tempo.values", { ...parseValues(params), field: legacyField(tagOf(req)), version: 1 });
  });
  get("/api/v2/search/tag/*tag/values", (params, req) => {
    return request("tempo.values", { ...parseValues(params), field: parseTagName(tagOf(req)), version: 2 });
  });
  for (const [path, instant] of [
    ["query_range", false],
    ["query", true],
  ] as const) {
    get(`/api/metrics/${path}`, (params) => {
      return request("tempo.metrics", {
        query: parseMetricsRequest(params, BigInt(now()) * NANOS_PER_MS, instant),
        instant,
      });
    });
  }
  router.use(errorHandler(tempoErrorBody));
  return router;
}

/** Times are hints of where to look; ids are found without, but one that is wrong is still refused. */
function parseTrace(params: QueryParams, req: Request, api: 1 | 2): TempoViewParams["tempo.trace"] {
  const traceId = parseTempoTraceId(String(req.params.traceId));
  const mode = textParam(params, "mode");
  if (mode !== undefined && !/^(?:ingesters|blocks|all)$/.test(mode)) throw badTempo(`invalid value for mode ${mode}`);
  const range = secondsRange(params, 64);
  if (range.start !== 0n && range.end !== 0n) refuseOrder(range);
  if (traceId === undefined) throw new PermanentError("not_found", "trace not found");
  const isProtobuf = req.headers.accept?.includes("application/protobuf") === true;
  return { traceId, api, encoding: isProtobuf ? "protobuf" : "json" };
}

function parseTags(params: QueryParams, version: 1 | 2): TempoViewParams["tempo.tags"] {
  const scope = textParam(params, "scope") ?? "none";
  const known = SCOPES.find((one) => one === scope);
  if (known === undefined && !/^(?:none|intrinsic|trace)$/.test(scope)) throw badTempo(`invalid scope: ${scope}`);
  const scopes = scope === "none" ? SCOPES : known === undefined ? [] : [known];
  // Without a scope the first version has no intrinsics.
  const intrinsics = scope === "intrinsic" || (scope === "none" && version === 2);
  return { ...rangeOf(params), scopes, intrinsics, version };
}

function parseValues(params: QueryParams): Omit<TempoViewParams["tempo.values"], "field" | "version"> {
  return { ...rangeOf(params), filtered: textParam(params, "q") !== undefined };
}

function rangeOf(params: QueryParams): TagRange {
  const range = secondsRange(params, 32);
  if (range.start !== 0n && range.end !== 0n) refuseOrder(range);
  countParam(params, "maxStaleValues", 0n);
  return {
    ...nanoBounds(range),
    limit: Math.min(countParam(params, "limit") ?? MAX_LISTED, MAX_LISTED),
    filter: filterOfQuery(textParam(params, "q")),
  };
}

function tagOf(req: Request): string {
  const tag = wildcardParam(req, "tag");
  // Grafana encodes names twice: once for itself, once for what it asks.
  if (!/%[0-9a-fA-F]{2}/.test(tag)) return tag;
  try {
    return decodeURIComponent(tag);
  } catch {
    return tag;
  }
}

/** Names of the first version have no scope. */
function legacyField(tag: string): TraceqlField {
  const intrinsic = tag === "status.code" ? "span:status" : SHORT_INTRINSICS.get(tag);
  return intrinsic === undefined ? { scope: "any", key: tag } : { intrinsic };
}

function request<Name extends keyof TempoViewParams>(view: Name, params: TempoViewParams[Name]): ViewRequest {
  return { view, params };
}
