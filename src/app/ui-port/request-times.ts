import type { Histogram, Metrics } from "../../component/metrics.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { pathOf } from "./http-errors.ts";

/** Answers that go on for as long as somebody listens. */
const STREAMED_PATH = /\/api\/registry\/watch$/;

/** Measures requests to the UI port until their answers are sent, apart by hundreds of the status: five series. */
export function timedRequests(handler: HttpHandler, metrics: Metrics): HttpHandler {
  const byCode = new Map<string, Histogram>();
  const durations = (code: string) => {
    const known = byCode.get(code);
    if (known !== undefined) return known;
    const help = "Time from a request to the UI port to the end of its answer, by hundreds of the status.";
    const made = metrics.histogram("spanloom_query_request_duration_seconds", help, { code });
    byCode.set(code, made);
    return made;
  };
  return (request, response) => {
    if (!STREAMED_PATH.test(pathOf(request))) {
      const start = performance.now();
      response.once("close", () => {
        durations(`${Math.floor(response.statusCode / 100)}xx`).observe((performance.now() - start) / 1000);
      });
    }
    handler(request, response);
  };
}
