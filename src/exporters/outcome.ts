import type { ExportOutcome } from "../component/export.ts";
import { isHeldHttpStatus } from "../component/retry.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import type { HttpAnswer } from "./http-sender.ts";

/** Most characters of a peer's own words in a reason. */
const MAX_QUOTE = 300;

export function countSpans(fragments: readonly LogFragment[]): number {
  return fragments.reduce((sum, fragment) => sum + fragment.rows.length, 0);
}

/**
 * What an HTTP answer says about a request of `count` spans. A 2xx status says that they were taken, whatever its body
 * is; `readSuccess` looks into one that can be read. Everything else is held, but for what isHeldHttpStatus and 413
 * speak of. The OTLP specification would give up after 4xx; that is for senders that keep spans in memory.
 */
export function httpOutcome(
  answer: HttpAnswer,
  count: number,
  readSuccess: (body: Uint8Array) => ExportOutcome = () => ({ type: "delivered" }),
  readMessage: (body: Uint8Array) => string = quote,
): ExportOutcome {
  if (answer.type === "failed") return { type: "retry", reason: answer.reason };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return successOf(answer, readSuccess);
  const detail =
    answer.location === undefined ? readMessage(answer.body) : `redirect to ${quote(answer.location)} not followed`;
  const reason = withDetail(`HTTP ${status}`, detail);
  if (status === 413) return { type: "split", reason };
  if (!isHeldHttpStatus(status)) return { type: "rejected", count, reason };
  return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}

function successOf(
  { status, contentType, body, tooLong }: HttpAnswer & { readonly type: "answer" },
  readSuccess: (body: Uint8Array) => ExportOutcome,
): ExportOutcome {
  if (isHtml(contentType)) return { type: "delivered", warning: htmlWarning(status) };
  return tooLong ? { type: "delivered" } : readSuccess(body);
}

export function isHtml(contentType: string): boolean {
  return /^text\/html\b/i.test(contentType);
}

export function htmlWarning(status: number): string {
  return `HTTP ${status} with a page of HTML: is this a tracing backend, or a sign-in page before it?`;
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
