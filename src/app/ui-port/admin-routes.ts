import express, { type NextFunction, type Request, type Response, type Router } from "express";
import { failureOf } from "../../component/error-status.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { BatchSink } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import type { ViewHost } from "../../component/read.ts";
import type { SpanStore } from "../../component/store.ts";
import { bytesToHex, parseTraceId } from "../../model/ids.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { admittedOf, whoAsks } from "../../server/admission/admitted.ts";
import { startFailure } from "../../server/error-status.ts";
import { isFromThisMachine } from "../../server/same-machine.ts";
import { deletionQuery } from "./deletion-query.ts";
import type { DemoLoader } from "./load-demo.ts";

/** What the routes need of the store. */
export interface AdminStore extends ViewHost, Pick<SpanStore, "deleteTraces" | "deleteAll" | "compact" | "resend"> {}

/** Header that no other site's page can send without being asked first. */
export const ADMIN_HEADER = "x-spanloom";
const NOT_LOCAL =
  "maintenance is for programs on the collector's own machine, which ask by localhost or 127.0.0.1 and through no proxy";
const PAGE = 1_000;
/** Deletions are lists of traces: beyond this retention is the better tool. */
const MAX_DELETED = 1_000_000;

/**
 * Maintenance of a running collector, from its own machine only where nobody has to say who they are, else by those
 * with the scope `admin`: `POST /api/ui/admin/compact` and
 * `POST /api/ui/admin/delete` with one of `{"traceIds": […]}`, `{"query": {…}}` (the parameters of a search, as texts),
 * `{"all": true}`; `POST /api/ui/admin/resend` with `{"exporter": name}` and `"sinceMs"`, ms since the epoch, or
 * `"all": true`, answers `{"spans": n}` that will be sent again; `POST /api/ui/admin/demo` loads the demo shop
 * (load-demo.ts) into an empty store, with `{"again": true}` into any. Requests carry the header `x-spanloom: 1`.
 */
export function createAdminRoutes(store: AdminStore, sink: BatchSink, logger: Logger): Router {
  const router = express.Router({ caseSensitive: true });
  let demo: Promise<DemoLoader> | undefined;
  /** The answer, and a line in the log that says who had what done, and how much of it. */
  const answerDone = (request: Request, response: Response, what: string, result: object): void => {
    const amounts = Object.entries(result).map(([name, value]) => [name, Array.isArray(value) ? value.length : value]);
    logger.info("maintenance was done", { what, ...whoAsks(request), ...Object.fromEntries(amounts) });
    response.json(result);
  };
  router.use("/api/ui/admin", (request, response, next) => {
    if (admittedOf(request)?.caller === undefined && !isFromThisMachine(request)) throw forbidden(NOT_LOCAL);
    if (request.headers[ADMIN_HEADER] !== "1") throw forbidden(`the header ${ADMIN_HEADER}: 1 is missing`);
    response.setHeader("cache-control", "no-store");
    next();
  });
  router.post("/api/ui/admin/compact", async (request, response) => {
    answerDone(request, response, "compact", { segments: await store.compact() });
  });
  router.post("/api/ui/admin/delete", express.json({ limit: "8mb", type: () => true }), async (request, response) => {
    answerDone(request, response, "delete", await remove(store, request));
  });
  router.post("/api/ui/admin/resend", express.json({ limit: "8kb", type: () => true }), async (request, response) => {
    answerDone(request, response, "resend", { spans: await resend(store, request.body) });
  });
  router.post("/api/ui/admin/demo", express.json({ limit: "8kb", type: () => true }), async (request, response) => {
    const again = againOf(request.body);
    demo ??= import("./load-demo.ts").then(({ DemoLoader }) => new DemoLoader(store, sink));
    answerDone(request, response, "demo", await (await demo).load(again, new AbortController().signal));
  });
  router.use("/api/ui/admin", refuse);
  return router;
}

function againOf(body: unknown): boolean {
  const { again = false } = (body ?? {}) as { readonly again?: unknown };
  if (typeof again === "boolean") return again;
  throw new PermanentError("bad_request", "again: expected true or false");
}

/** What a deletion did. */
export interface DeletedTraces {
  /** That were stored and are no longer. */
  readonly traces: number;
  /** Ids that were asked for and of which nothing is stored. */
  readonly unknown: readonly string[];
}

/** Deletes traces by their ids, 1 to 32 hex digits. @throws PermanentError `bad_request` for what is no id */
export async function deleteIds(
  store: AdminStore,
  texts: readonly unknown[],
  signal: AbortSignal,
): Promise<DeletedTraces> {
  const ids = texts.map((text) => {
    const id = typeof text === "string" ? parseTraceId(text) : undefined;
    if (id !== undefined) return bytesToHex(id);
    throw new PermanentError("bad_request", `traceIds: ${JSON.stringify(text)}: expected 1 to 32 hex digits`);
  });
  const asked = [...new Set(ids)];
  const { body } = await store.view("store.stored_ids", { traceIds: asked }, signal);
  const { traceIds: stored, storedIds } = JSON.parse(Buffer.from(body).toString()) as {
    traceIds: string[];
    storedIds: string[];
  };
  if (stored.length > 0) await store.deleteTraces(storedIds.map((id) => parseTraceId(id) as Uint8Array));
  const known = new Set(stored);
  return { traces: stored.length, unknown: asked.filter((id) => !known.has(id)) };
}

/** Deletes everything; gives how many traces were stored, or a part of them where counting takes too long. */
export async function deleteEverything(store: AdminStore, signal: AbortSignal): Promise<{ readonly traces: number }> {
  const query: TraceQuery = { filter: { op: "all" }, limit: 1, count: true };
  const { body } = await store.view("store.find_ids", { query }, signal);
  const { total } = JSON.parse(Buffer.from(body).toString()) as { total?: { traces: number } };
  await store.deleteAll();
  return { traces: total?.traces ?? 0 };
}

/** Deletes every trace that a search finds; gives how many. */
export async function deleteMatching(
  store: AdminStore,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const parsed = deletionQuery(query);
  const found = new Set<string>();
  const storedIds = new Set<string>();
  let after: TraceQuery["after"];
  for (;;) {
    const page = { ...parsed, limit: PAGE, ...(after === undefined ? {} : { after }) };
    const { body } = await store.view("store.find_ids", { query: page }, signal);
    const result = JSON.parse(Buffer.from(body).toString()) as {
      traceIds: string[];
      storedIds: string[];
      complete: boolean;
      reason?: string;
      next?: { start: string; traceId: string };
    };
    for (const id of result.traceIds) found.add(id);
    for (const id of result.storedIds) storedIds.add(id);
    if (!result.complete) {
      const reason = result.reason ?? "the search ended early";
      throw new RetryableError("overloaded", `${reason}: nothing was deleted; give a shorter time range`);
    }
    if (found.size > MAX_DELETED) {
      throw new PermanentError("too_large", `more than ${MAX_DELETED} traces match: give a shorter time range`);
    }
    if (result.next === undefined) break;
    after = { start: BigInt(result.next.start), traceId: result.next.traceId };
  }
  await store.deleteTraces([...storedIds].map((id) => parseTraceId(id) as Uint8Array));
  return found.size;
}

async function remove(store: AdminStore, request: Request): Promise<object> {
  const body: unknown = request.body;
  const { traceIds, query, all } = (typeof body === "object" && body !== null ? body : {}) as {
    readonly traceIds?: unknown;
    readonly query?: unknown;
    readonly all?: unknown;
  };
  if ([traceIds, query, all].filter((one) => one !== undefined).length !== 1) {
    throw new PermanentError("bad_request", "expected one of traceIds, query and all");
  }
  const { signal } = new AbortController();
  if (all !== undefined) {
    if (all !== true) throw new PermanentError("bad_request", "all: expected true");
    return { all: true, ...(await deleteEverything(store, signal)) };
  }
  if (traceIds !== undefined) {
    if (!Array.isArray(traceIds)) throw new PermanentError("bad_request", "traceIds: expected a list");
    return deleteIds(store, traceIds, signal);
  }
  if (typeof query !== "object" || query === null) {
    throw new PermanentError("bad_request", "query: expected search parameters as texts");
  }
  const given = Object.entries(query);
  if (given.some(([, value]) => typeof value !== "string")) {
    throw new PermanentError("bad_request", "query: expected search parameters as texts");
  }
  return { traces: await deleteMatching(store, Object.fromEntries(given) as Record<string, string>, signal) };
}

async function resend(store: AdminStore, body: unknown): Promise<number> {
  const { exporter, sinceMs, all } = (typeof body === "object" && body !== null ? body : {}) as {
    readonly exporter?: unknown;
    readonly sinceMs?: unknown;
    readonly all?: unknown;
  };
  if (typeof exporter !== "string") throw new PermanentError("bad_request", "exporter: expected the name of one");
  if ((sinceMs === undefined) === (all === undefined)) {
    throw new PermanentError("bad_request", "expected one of sinceMs and all");
  }
  if (all !== undefined && all !== true) throw new PermanentError("bad_request", "all: expected true");
  if (sinceMs !== undefined && !(Number.isSafeInteger(sinceMs) && (sinceMs as number) >= 0)) {
    throw new PermanentError("bad_request", "sinceMs: expected milliseconds since the epoch");
  }
  return store.resend(exporter, sinceMs as number | undefined);
}

function forbidden(message: string): PermanentError {
  return new PermanentError("unauthenticated", message);
}

/** What is a fault of ours goes on to the application's handler, which logs it. */
function refuse(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  const failure = failureOf(error);
  const { typed } = failure;
  if (response.headersSent || (!typed && failure.code === "internal")) {
    next(error);
    return;
  }
  const message = typed ? failure.message : `the body: expected a JSON object: ${failure.message}`;
  startFailure(response, failure);
  response.json({ error: { code: failure.code, message } });
}
