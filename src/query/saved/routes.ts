import createRouter, { type Router } from "router";
import type { ViewHost } from "../../component/read.ts";
import { AnswerBounds } from "../answer-bounds.ts";
import { viewHandler } from "../http.ts";
import { badParam, boolParam, type QueryParams } from "../params.ts";
import { requireTraceId } from "../search-params.ts";
import { knowing } from "../ui/known-params.ts";
import { uiErrorBody } from "../ui/routes.ts";
import type { SavedTraceParams } from "./saved-trace.ts";

const MAX_KEYS = 100;
const MAX_KEY_CHARS = 256;

/**
 * `GET /api/ui/traces/{id}/page?redact=KEY&secrets=true`: the trace page as one file, always as an attachment: it has a
 * policy of its own, and must not run as a page of the collector. `redact` may come several times and names further
 * keys whose values are taken out; `secrets=true` keeps those of the default keys.
 */
export function createSavedRoutes(
  host: ViewHost,
  now: () => number = Date.now,
  bounds: AnswerBounds = new AnswerBounds(),
): Router {
  const router = createRouter({ caseSensitive: true });
  router.get(
    "/api/ui/traces/:traceId/page",
    viewHandler(
      host,
      uiErrorBody,
      knowing(["redact", "secrets"], (query, request) => {
        const traceId = requireTraceId(String(request.params.traceId), "traceId");
        const redact = { keys: keysOf(query), defaults: !boolParam(query, "secrets") };
        const params: SavedTraceParams = { traceId, redact, nowMs: now() };
        return { view: "ui.saved", params, download: `trace-${traceId}.html` };
      }),
      bounds,
    ),
  );
  return router;
}

function keysOf(query: QueryParams): string[] {
  const keys = query.getAll("redact").filter((key) => key !== "");
  if (keys.length > MAX_KEYS) throw badParam("redact", `${keys.length} keys`, `at most ${MAX_KEYS}`);
  const long = keys.find((key) => key.length > MAX_KEY_CHARS);
  if (long !== undefined) throw badParam("redact", long, `a key of at most ${MAX_KEY_CHARS} characters`);
  return keys;
}
