import createRouter, { type Request, type Router } from "router";
import type { ViewHost } from "../../../component/read.ts";
import { AnswerBounds } from "../../answer-bounds.ts";
import { viewHandler } from "../../http.ts";
import { requireTraceId } from "../../search-params.ts";
import { knowing } from "../known-params.ts";
import { uiErrorBody } from "../routes.ts";
import type { CompareParams } from "./compare-view.ts";
import type { TypicalParams } from "./typical-view.ts";

/** Comparing traces, below `/api/ui/`; to be used before `createUiRoutes`. `now`: ms since the epoch. */
export function createComparisonRoutes(
  host: ViewHost,
  now: () => number = Date.now,
  bounds: AnswerBounds = new AnswerBounds(),
): Router {
  const router = createRouter({ caseSensitive: true });
  const id = (request: Request, name: string) => requireTraceId(String(request.params[name]), name);
  router.get(
    "/api/ui/traces/:a/compare/:b",
    viewHandler(
      host,
      uiErrorBody,
      knowing([], (_params, request) => {
        const params: CompareParams = { a: id(request, "a"), b: id(request, "b") };
        return { view: "ui.compare", params };
      }),
      bounds,
    ),
  );
  router.get(
    "/api/ui/traces/:traceId/typical",
    viewHandler(
      host,
      uiErrorBody,
      knowing([], (_params, request) => {
        const params: TypicalParams = { traceId: id(request, "traceId"), nowMs: now() };
        return { view: "ui.typical", params };
      }),
      bounds,
    ),
  );
  return router;
}
