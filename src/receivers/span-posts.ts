import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from "node:http";
import type { Need } from "../component/access.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { AppendResult, BatchFormat, BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import { stackOf } from "../component/reasons.ts";
import type { RequestBudget, Reservation, SamplingAnswers } from "../component/receiver.ts";
import { requestSource } from "../server/admission/admitted.ts";
import { AnsweredByListener } from "../server/client-error.ts";
import type { Cors } from "../server/cors.ts";
import { answerOf, retryAfterSeconds } from "../server/error-status.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import { expectedGrowth } from "../server/inflate.ts";
import { assertDeclaredLength, readBody } from "../server/read-body.ts";
import { sendAnswer } from "./http-answer.ts";
import {
  bodyRefusal,
  encodingOf,
  type HostRules,
  hostRefusal,
  originRefusal,
  quoted,
  senderOf,
  short,
} from "./http-checks.ts";
import { cutMessage } from "./partial-success.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import type { RefusalLog } from "./refusal-log.ts";

/** Says what a post is by its headers and its query. @throws PermanentError */
export type FormatOf = (request: IncomingMessage) => BatchFormat;

/** A protocol whose senders post spans and read of the answer the status alone. */
export interface SpanPosts {
  /** By path. */
  readonly paths: ReadonlyMap<string, FormatOf>;
  /** `source` of its batches. */
  readonly source: string;
  /** Path at which it is told its sampling strategy (ReceiverSettings.samplingAnswers); absent: nowhere. */
  readonly samplingPath?: string;
  /** What a sender is told whose body cannot be read. */
  unreadable(message: string): string;
}

/** What a request on the port of such senders needs. */
export function needOfPost({ paths, samplingPath }: SpanPosts, method: string, path: string): Need {
  if (path === samplingPath) return ["ingest", "read"];
  return paths.has(path) && method !== "GET" && method !== "HEAD" ? ["ingest"] : ["read"];
}

export interface SpanPostsOptions extends HostRules {
  readonly cors: Cors;
  readonly sink: BatchSink;
  readonly inFlight: RequestBudget;
  /** Limit on a body as it comes and again once inflated, bytes. */
  readonly maxBytes: number;
  readonly metrics: ReceiverMetrics;
  readonly refusals: RefusalLog;
  readonly logger: Logger;
  readonly samplingAnswers: SamplingAnswers | undefined;
  /** Gets what is no post of spans. */
  readonly reads: RequestListener | undefined;
}

/** Spans refused in a request that was otherwise taken. */
const REJECTED = "x-spanloom-rejected-spans";

/**
 * Posts of Zipkin and of Jaeger: 202 when the spans are stored, 400 with a text for what cannot be read. A span that is
 * refused alone is told in a header and a text of the 202, and in the log; a request of nothing else is a 400.
 */
export function createSpanPosts(posts: SpanPosts, options: SpanPostsOptions): HttpHandler {
  return (request, response) => {
    const { method = "", headers } = request;
    const foreign = hostRefusal(headers.host, options);
    const path = (request.url ?? "").split("?", 1)[0] as string;
    const format = posts.paths.get(path);
    const refuse = ({ status, refusal, headers }: NonNullable<typeof foreign>): void => {
      options.refusals.refused(refusal, senderOf(request));
      answerText(response, status, refusal.message, headers);
    };
    if (foreign !== undefined) return refuse(foreign);
    const strategies = path === posts.samplingPath ? options.samplingAnswers?.of : undefined;
    if (strategies !== undefined) return strategies(request, response);
    if (options.reads !== undefined && (format === undefined || (method !== "POST" && method !== "OPTIONS"))) {
      options.reads(request, response);
      return;
    }
    if (format === undefined) {
      const taken = [...posts.paths.keys()].join(", ");
      const message = `nothing is served at ${quoted(path)}; spans are taken at POST ${taken}`;
      return refuse({ status: 404, refusal: { reason: "path", about: short(path), message }, headers: {} });
    }
    const verdict = options.cors.check(method, headers);
    if (verdict.type === "refused") return refuse(originRefusal(verdict.origin, options));
    if (verdict.type === "preflight") {
      response.writeHead(204, verdict.headers).end();
      return;
    }
    const answer = verdict.type === "allowed" ? verdict.headers : {};
    const refused = bodyRefusal(method, headers, path, answer);
    if (refused !== undefined) return refuse(refused);
    void take(request, response, answer, format, posts, options);
  };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  formatOf: FormatOf,
  posts: SpanPosts,
  options: SpanPostsOptions,
): Promise<void> {
  const { maxBytes, inFlight, metrics, sink } = options;
  let reservation: Reservation | undefined;
  try {
    const format = formatOf(request);
    const encoding = encodingOf(request.headers["content-encoding"]);
    assertDeclaredLength(request, maxBytes);
    const from = requestSource(request);
    inFlight.assertRoom(from);
    reservation = inFlight.take(0, from);
    if (request.headers.expect !== undefined) response.writeContinue();
    const bytes = await readBody(request, maxBytes, reservation);
    const size = bytes.length;
    reservation.grow(expectedGrowth(bytes, encoding, maxBytes));
    const source = posts.source;
    const result = await sink.append({ format, encoding, bytes, maxBytes, receivedAtMs: Date.now(), source });
    metrics.taken(result, size);
    answerTaken(request, response, result, headers, options);
  } catch (error) {
    fail(error, request, response, headers, posts, options);
  } finally {
    reservation?.release();
  }
}

function answerTaken(
  request: IncomingMessage,
  response: ServerResponse,
  { accepted, rejected, message }: AppendResult,
  headers: OutgoingHttpHeaders,
  { refusals }: SpanPostsOptions,
): void {
  if (rejected === 0) {
    sendAnswer(response, 202, "text/plain; charset=utf-8", "", headers);
    return;
  }
  refusals.refusedSpans(rejected, message, senderOf(request));
  answerText(response, accepted === 0 ? 400 : 202, message, { ...headers, [REJECTED]: String(rejected) });
}

function fail(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  posts: SpanPosts,
  { refusals, logger }: SpanPostsOptions,
): void {
  if (error instanceof AnsweredByListener) return;
  const { httpStatus, rpc, reason } = answerOf(error);
  const message = reason === "malformed" ? posts.unreadable(rpc.message) : rpc.message;
  refusals.refused({ reason, message }, senderOf(request));
  if (!(error instanceof RetryableError || error instanceof PermanentError)) {
    logger.error("a post of spans failed", { error: stackOf(error), source: posts.source });
  }
  const { retryDelayMs } = rpc;
  const retry = retryDelayMs === undefined ? {} : { "retry-after": String(retryAfterSeconds(retryDelayMs)) };
  answerText(response, httpStatus, message, { ...headers, ...retry });
}

function answerText(response: ServerResponse, status: number, message: string, headers: OutgoingHttpHeaders): void {
  sendAnswer(response, status, "text/plain; charset=utf-8", `${cutMessage(message)}\n`, headers);
}
