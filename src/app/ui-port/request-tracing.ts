import { AsyncLocalStorage } from "node:async_hooks";
import { type OwnWork, type ReportWork, reported } from "../../component/own-work.ts";
import type { ViewHost } from "../../component/read.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { pathOf } from "./http-errors.ts";

/** Requests that monitors repeat for ever and that say nothing. */
const UNTRACED_PATH = /\/(?:metrics|healthz|readyz|api\/live)$|\/assets\//;
/** Views of one request that are told of. */
const MAX_PARTS = 64;

/** Reports requests to the UI port, each with the views that answered it as its parts. */
export class RequestTracing {
  readonly #report: ReportWork;
  readonly #parts = new AsyncLocalStorage<OwnWork[]>();

  constructor(report: ReportWork) {
    this.#report = report;
  }

  views(host: ViewHost): ViewHost {
    return {
      view: (name, params, signal) => {
        const parts = this.#parts.getStore();
        const report: ReportWork = (work) => {
          if (parts === undefined) this.#report(work);
          else if (parts.length < MAX_PARTS) parts.push(work);
        };
        return reported(
          report,
          { name: `view ${name}`, kind: "internal", details: { "spanloom.view": name } },
          () => host.view(name, params, signal),
          ({ body }) => ({ details: { "spanloom.response.bytes": body.length } }),
        );
      },
    };
  }

  requests(handler: HttpHandler): HttpHandler {
    return (request, response) => {
      const method = request.method ?? "";
      const path = pathOf(request);
      if (UNTRACED_PATH.test(path)) {
        handler(request, response);
        return;
      }
      const parts: OwnWork[] = [];
      const start = performance.now();
      response.once("close", () => {
        const route = (request as { readonly route?: { readonly path?: unknown } }).route?.path;
        const fault = response.statusCode >= 500 ? `status ${response.statusCode}` : undefined;
        this.#report({
          name: typeof route === "string" ? `${method} ${route}` : method,
          kind: "server",
          endMs: Date.now(),
          tookMs: performance.now() - start,
          details: {
            "http.request.method": method,
            "url.path": path,
            "http.route": typeof route === "string" ? route : undefined,
            "http.response.status_code": response.statusCode,
          },
          error: response.writableFinished ? fault : "the client went away",
          parts,
        });
      });
      this.#parts.run(parts, () => handler(request, response));
    };
  }
}
