import createRouter, { type Request, type Router } from "router";
import { PermanentError } from "../../component/errors.ts";
import type { ViewHost } from "../../component/read.ts";
import { parseSpanId } from "../../model/ids.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import { DAY_MS } from "../../model/time.ts";
import { AnswerBounds } from "../answer-bounds.ts";
import { errorHandler, type ViewRequest, viewHandler } from "../http.ts";
import { badParam, intParam, type QueryParams, textParam } from "../params.ts";
import { requireTraceId } from "../search-params.ts";
import { parseShownSearch } from "../traceql-params.ts";
import type { UiErrorResponse } from "./api-types.ts";
import { parseCompletionRange, parseCompletionValues } from "./completion/completion.ts";
import { parseSelectionParams, SELECTED_NAMES } from "./explain-selection/explain-selection.ts";
import { parseCallSeriesParams } from "./external-calls/call-series.ts";
import { parseFacetParams } from "./facets/facets.ts";
import { parseHeatParams } from "./heat-map.ts";
import { knowing, type ParseView, RANGE_NAMES, SEARCH_NAMES } from "./known-params.ts";
import { parseRedParams } from "./red.ts";
import type { UiViewParams } from "./views.ts";

const MAX_MS = 8_640_000_000_000_000;
const MAX_FIND_CHARS = 1_000;

/** An error as `UiErrorResponse`. */
export function uiErrorBody(_status: number, code: string, message: string): string {
  const body: UiErrorResponse = { error: { code, message } };
  return JSON.stringify(body);
}

/**
 * The UI's own API with its full paths under `/api/ui/`, read-only; every other path below it is a 404 in JSON. `now`
 * is the wall clock in ms since the epoch.
 */
export function createUiRoutes(
  host: ViewHost,
  now: () => number = Date.now,
  bounds: AnswerBounds = new AnswerBounds(),
): Router {
  const router = createRouter({ caseSensitive: true });
  const get = (path: string, names: readonly string[], parse: ParseView) =>
    router.get(`/api/ui${path}`, viewHandler(host, uiErrorBody, knowing(names, parse), bounds));

  get("/traces/:traceId/columns", [], (_params, req) => request("ui.columns", { traceId: traceIdOf(req) }));
  get("/traces/:traceId/spans/:spanId", ["kind"], (params, req) => {
    const kind = kindParam(params);
    return request("ui.span", {
      traceId: traceIdOf(req),
      spanId: spanIdOf(req),
      ...(kind === undefined ? {} : { kind }),
    });
  });
  get("/traces/:traceId/spans/:spanId/place", [], (_params, req) =>
    request("ui.spanPlace", { traceId: traceIdOf(req), spanId: spanIdOf(req) }),
  );
  get("/traces/:traceId/search", ["q"], (params, req) => {
    const text = textParam(params, "q");
    if (text === undefined || text.length > MAX_FIND_CHARS) {
      throw badParam("q", text ?? "", `a text of 1 to ${MAX_FIND_CHARS} characters`);
    }
    return request("ui.find", { traceId: traceIdOf(req), text });
  });
  get("/traces/:traceId/linked-from", [], (_params, req) => request("ui.linkedFrom", { traceId: traceIdOf(req) }));
  get("/traces/:traceId/verdict", [], (_params, req) =>
    request("ui.verdict", { traceId: traceIdOf(req), nowMs: now() }),
  );
  get("/traces/:traceId/download", ["format"], (params, req) => {
    const traceId = traceIdOf(req);
    const format = textParam(params, "format") ?? "otlp";
    if (format !== "otlp" && format !== "jaeger") throw badParam("format", format, "otlp or jaeger");
    return { ...request("ui.download", { traceId, format }), download: `trace-${traceId}.${format}.json` };
  });
  get("/search", SEARCH_NAMES, (params) =>
    request("ui.search", { query: parseShownSearch(params, BigInt(now()) * 1_000_000n) }),
  );
  get("/heatmap", [...SEARCH_NAMES, "rows"], (params) => request("ui.heatmap", parseHeatParams(params, now())));
  get("/explain-selection", [...SEARCH_NAMES, ...SELECTED_NAMES], (params) =>
    request("ui.explainSelection", parseSelectionParams(params, now())),
  );
  get("/facets", [...SEARCH_NAMES, "field", "keys", "values"], (params) =>
    request("ui.facets", parseFacetParams(params, now())),
  );
  get("/completion/keys", [...RANGE_NAMES, "lookback"], (params) =>
    request("ui.completionKeys", parseCompletionRange(params, BigInt(now()) * 1_000_000n)),
  );
  get("/completion/values", [...RANGE_NAMES, "lookback", "field", "text"], (params) =>
    request("ui.completionValues", parseCompletionValues(params, BigInt(now()) * 1_000_000n)),
  );
  get("/services", [], () => request("ui.services", {}));
  get("/dependencies", RANGE_NAMES, (params) => request("ui.dependencies", lastDayParams(params, now())));
  get("/external-calls", RANGE_NAMES, (params) => request("ui.externalCalls", lastDayParams(params, now())));
  get("/call-series", [...RANGE_NAMES, "q", "parent", "child"], (params) =>
    request("ui.callSeries", parseCallSeriesParams(params, lastDayParams(params, now()))),
  );
  get("/red", [...RANGE_NAMES, "step", "service", "kind"], (params) =>
    request("ui.red", parseRedParams(params, now())),
  );
  router.use("/api/ui", (req, _res, next) => {
    next(new PermanentError("not_found", `no such resource: ${req.method} ${req.originalUrl.split("?", 1)[0]}`));
  });
  router.use("/api/ui", errorHandler(uiErrorBody));
  return router;
}

function request<Name extends keyof UiViewParams>(view: Name, params: UiViewParams[Name]): ViewRequest {
  return { view, params };
}

/** A range of time, the last day without one; ms since the epoch. */
function lastDayParams(params: QueryParams, nowMs: number): { readonly startMs: number; readonly endMs: number } {
  const endMs = intParam(params, "end", 0, MAX_MS) ?? nowMs;
  const startMs = intParam(params, "start", 0, MAX_MS) ?? Math.max(0, endMs - DAY_MS);
  if (startMs > endMs) throw badParam("start", String(startMs), "a time, in ms, before end");
  return { startMs, endMs };
}

function traceIdOf(req: Request): string {
  return requireTraceId(String(req.params.traceId), "traceId");
}

function spanIdOf(req: Request): string {
  const text = String(req.params.spanId);
  if (parseSpanId(text) === undefined) throw badParam("spanId", text, "a span id of 1 to 16 hex digits, not all zero");
  return text.toLowerCase().padStart(16, "0");
}

function kindParam(params: QueryParams): number | undefined {
  const text = textParam(params, "kind")?.toLowerCase();
  if (text === undefined) return undefined;
  const kind = /^[0-5]$/.test(text) ? Number(text) : (SPAN_KIND_NAMES as readonly string[]).indexOf(text);
  if (kind < 0) throw badParam("kind", text, `one of ${SPAN_KIND_NAMES.join(", ")}, or its number`);
  return kind;
}
