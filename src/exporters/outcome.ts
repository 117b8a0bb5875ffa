import type { ExportOutcome } from "../component/export.ts";
import { isRetryableHttpStatus } from "../component/retry.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import { type HttpAnswer, MAX_ANSWER_BYTES } from "./http-sender.ts";

/** Most characters of a peer's own words in a reason. */
const MAX_QUOTE = 300;

export function countSpans(fragments: readonly LogFragment[]): number {
  return fragments.reduce((sum, fragment) => sum + fragment.rows.length, 0);
}

/**
 * What an HTTP answer says about a request of `count` spans: OTLP specification 1.11 "OTLP/HTTP response", which fits
 * Jaeger and Zipkin too. `readSuccess` looks into the body of a 2xx answer.
 */
export function httpOutcome(
  answer: HttpAnswer,
  count: number,
  readSuccess: (body: Uint8Array) => ExportOutcome = () => ({ type: "delivered" }),
  readMessage: (body: Uint8Array) => string = quote,
): ExportOutcome {
  if (answer.type === "failed") return { type: "retry", reason: answer.reason };
  const { status, retryAfterMs } = answer;
  if (isRetryableHttpStatus(status)) {
    const reason = withDetail(`HTTP ${status}`, readMessage(answer.body));
    return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
  }
  if (status === 413) return { type: "split", reason: withDetail("HTTP 413", readMessage(answer.body)) };
  if (answer.tooLong) {
    return { type: "rejected", count, reason: `HTTP ${status} with an answer longer than ${MAX_ANSWER_BYTES} bytes` };
  }
  if (status >= 200 && status < 300) return readSuccess(answer.body);
  const detail =
    answer.location === undefined ? readMessage(answer.body) : `redirect to ${answer.location} not followed`;
  return { type: "rejected", count, reason: withDetail(`HTTP ${status}`, detail) };
}

export function withDetail(what: string, detail: string): string {
  return detail === "" ? what : `${what}: ${detail}`;
}

/** A peer's words on one line, without control characters, cut. */
export function quote(words: Uint8Array | string): string {
  const raw = typeof words === "string" ? words : Buffer.from(words.subarray(0, MAX_QUOTE * 4)).toString("utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const text = raw.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text;
}

/** For what cannot be sent at all: bytes in the log that are damaged. */
export function unreadable(count: number, error: unknown): ExportOutcome {
  const reason = messageOf(error);
  return { type: "rejected", count, reason: `the stored spans cannot be read: ${reason}` };
}
