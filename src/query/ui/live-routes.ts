import { once } from "node:events";
import type { ServerResponse } from "node:http";
import createRouter, { type Request, type Response, type Router } from "router";
import { RetryableError, throwIfAborted } from "../../component/errors.ts";
import { followLive } from "../../component/live.ts";
import type { ViewHost } from "../../component/read.ts";
import { sendError } from "../http.ts";
import { parseSpanSearch } from "../traceql-params.ts";
import type { UiLiveLine, UiLiveStep } from "./api-types.ts";
import { refuseUnknown, SEARCH_NAMES } from "./known-params.ts";
import { uiErrorBody } from "./routes.ts";
import type { UiViewParams } from "./views.ts";

/** Streams at one time: each costs a look at the log ten times a second. */
const MAX_STREAMS = 32;
/** A client that takes nothing for as long is cut off; it can go on at its cursor, ms. */
const STUCK_MS = 60_000;
const RETRY_AFTER_MS = 5_000;

/**
 * `GET /api/live`: which traces grow, as they do (component/live.ts), until the client goes or `closing` aborts. The
 * conditions are those of a search (service, operation, tags, minDuration, maxDuration); `after` is a cursor to go on
 * at. The answer is lines of JSON, `UiLiveLine`; with `Accept: text/event-stream` server-sent events of that name and
 * data, whose ids are cursors, so that a browser goes on where it was.
 */
export function createLiveRoutes(host: ViewHost, closing: AbortSignal): Router {
  const router = createRouter({ caseSensitive: true });
  let streams = 0;
  router.get("/api/live", (request, response, next) => {
    if (streams >= MAX_STREAMS) {
      const full = new RetryableError("overloaded", `${MAX_STREAMS} clients follow already`, RETRY_AFTER_MS);
      sendError(request, response, full, uiErrorBody).catch(next);
      return;
    }
    streams++;
    stream(host, request, response, closing)
      .catch(async (error: unknown) => {
        if (response.headersSent) response.destroy();
        else if (!response.destroyed) await sendError(request, response, error, uiErrorBody);
      })
      .catch(next)
      .finally(() => streams--);
  });
  return router;
}

async function stream(host: ViewHost, request: Request, response: Response, closing: AbortSignal): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  const events = request.headers.accept?.includes("text/event-stream") === true;
  const { filter, after } = parseLive(request);
  const step = async (cursor: string | undefined): Promise<UiLiveStep> => {
    const params: UiViewParams["ui.live"] = { filter, ...(cursor === undefined ? {} : { after: cursor }) };
    const { body } = await host.view("ui.live", params, signal);
    return JSON.parse(new TextDecoder().decode(body)) as UiLiveStep;
  };
  const send = (line: UiLiveLine) => write(response, events ? eventOf(line) : `${JSON.stringify(line)}\n`, signal);
  try {
    await sendSteps(response, followLive(step, after, signal), after, events, send);
  } catch (error) {
    // A client that is still there is told the end, not cut off.
    if (!closing.aborted || gone.signal.aborted || !response.headersSent) throw error;
  }
  response.end();
}

async function sendSteps(
  response: ServerResponse,
  steps: AsyncIterable<UiLiveStep>,
  after: string | undefined,
  events: boolean,
  send: (line: UiLiveLine) => Promise<void>,
): Promise<void> {
  let begun = false;
  for await (const { traces, cursor, skippedSpans, reason } of steps) {
    if (!begun) {
      response.writeHead(200, {
        "Content-Type": events ? "text/event-stream" : "application/x-ndjson",
        "Cache-Control": "no-store",
        // Proxies would gather lines before they pass them on.
        "X-Accel-Buffering": "no",
      });
      await send({ type: "start", cursor: after ?? cursor });
      begun = true;
    }
    for (const { newSpans, ...trace } of traces) await send({ type: "trace", newSpans, trace });
    await send({ type: "state", cursor, skippedSpans, ...(reason === undefined ? {} : { reason }) });
  }
}

function parseLive(request: Request): {
  readonly filter: UiViewParams["ui.live"]["filter"];
  readonly after: string | undefined;
} {
  const at = request.originalUrl.indexOf("?");
  const params = new URLSearchParams(at < 0 ? "" : request.originalUrl.slice(at + 1));
  refuseUnknown(params, SEARCH_NAMES);
  const last = request.headers["last-event-id"];
  const after = (typeof last === "string" && last !== "" ? last : params.get("after")) ?? undefined;
  // A page of a search has another key of that name.
  params.delete("after");
  const filter = parseSpanSearch(params, BigInt(Date.now()) * 1_000_000n);
  return { filter, after: after === "" ? undefined : after };
}

function eventOf(line: UiLiveLine): string {
  const id = "cursor" in line ? `id: ${line.cursor}\n` : "";
  return `event: ${line.type}\n${id}data: ${JSON.stringify(line)}\n\n`;
}

/** Resolves when the client has taken it, so that the next is asked for only then. */
async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  if (response.write(text)) return;
  const stuck = setTimeout(() => response.destroy(), STUCK_MS).unref();
  try {
    await once(response, "drain", { signal });
  } finally {
    clearTimeout(stuck);
  }
}
