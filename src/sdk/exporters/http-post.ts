import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ExportOutcome } from "../../component/export.ts";
import { reasonOf } from "../../component/reasons.ts";
import { isRetryableHttpStatus, parseRetryAfter } from "../../component/retry.ts";
import { joinSignals } from "../../component/signals.ts";

/** A backend's answer beyond this is cut off and is an error. */
const MAX_ANSWER_BYTES = 4 << 20;
const MAX_REASON_LENGTH = 200;

export interface PostSettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** For one attempt, ms. */
  readonly timeoutMs: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfterMs: number | undefined;
  readonly body: Buffer;
}

/** One POST. Rejects when no whole answer came: refused, lost, too slow, too large, aborted. */
export function post(settings: PostSettings, body: Uint8Array, signal: AbortSignal): Promise<PostAnswer> {
  const { url, headers, timeoutMs } = settings;
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const limit = joinSignals(signal, AbortSignal.timeout(timeoutMs));
  const answer = new Promise<PostAnswer>((resolve, reject) => {
    const request = send(
      url,
      {
        method: "POST",
        headers: { ...headers, "content-length": body.length },
        signal: limit.signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error(`answer of more than ${MAX_ANSWER_BYTES} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers["content-type"] ?? "",
            retryAfterMs: parseRetryAfter(response.headers["retry-after"], Date.now()),
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
  return answer.finally(limit.release);
}

/** Posts and reads the answer by the table of what may be retried; `onSuccess` looks into a 2xx answer. */
export async function postOutcome(
  settings: PostSettings,
  body: Uint8Array,
  spans: number,
  signal: AbortSignal,
  onSuccess: (answer: PostAnswer) => ExportOutcome = () => ({ type: "delivered" }),
): Promise<ExportOutcome> {
  let answer: PostAnswer;
  try {
    answer = await post(settings, body, signal);
  } catch (error) {
    return { type: "retry", reason: `${settings.url.href}: ${callReason(error)}` };
  }
  const { status, retryAfterMs: afterMs } = answer;
  if (status >= 200 && status < 300) return onSuccess(answer);
  const reason = `${settings.url.href} answered ${status}: ${answer.body.toString("utf8", 0, MAX_REASON_LENGTH)}`;
  if (status === 413) return { type: "split", reason };
  if (!isRetryableHttpStatus(status)) return { type: "rejected", count: spans, reason };
  return afterMs === undefined ? { type: "retry", reason } : { type: "retry", reason, afterMs };
}

/** An http or https URL. Throws TypeError that names the exporter for anything else. */
export function endpointUrl(exporter: string, endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError(`endpoint of the ${exporter} exporter: expected an http or https URL, got "${endpoint}"`);
  }
  return url;
}

/** Why a call got no answer. */
export function callReason(error: unknown): string {
  const { name, cause } = (error ?? {}) as { readonly name?: unknown; readonly cause?: { readonly name?: unknown } };
  return name === "TimeoutError" || cause?.name === "TimeoutError" ? "no answer in time" : reasonOf(error);
}
