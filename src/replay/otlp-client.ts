import { setTimeout as sleep } from "node:timers/promises";
import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { decodeRpcStatus } from "../codec/rpc/status.ts";
import { PermanentError } from "../component/errors.ts";
import { fetchReason } from "../component/reasons.ts";
import { backoffMs, isRetryableHttpStatus, parseRetryAfter } from "../component/retry.ts";

const RETRIES = 8;
const RETRY_BACKOFF = { initialMs: 250, maxMs: 5_000, factor: 1.5 };

export interface SendResult {
  /** Spans the receiver refused, by partial success. */
  readonly rejected: number;
  readonly message: string;
}

/** Sends OTLP/HTTP protobuf requests one after another; overload is waited out by the one retry table. */
export class OtlpClient {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * `endpoint` is the base, `http://127.0.0.1:4318`, with or without `/v1/traces`.
   * @param token for a collector with access control
   */
  constructor(endpoint: string, signal: AbortSignal, token?: string) {
    this.#url = `${endpoint.replace(/\/+$/, "").replace(/\/v1\/traces$/, "")}/v1/traces`;
    this.#signal = signal;
    this.#headers = {
      "content-type": "application/x-protobuf",
      ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  /**
   * Undefined where the signal aborted before the receiver had taken it.
   * @throws PermanentError: `unreachable` where nothing answers, `bad_request` for a refusal
   */
  async send(body: Uint8Array<ArrayBuffer>): Promise<SendResult | undefined> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#post(body);
      if (response === undefined) return undefined;
      const answer = new Uint8Array(await response.arrayBuffer());
      if (response.ok) {
        const partial = decodeExportResponse(answer);
        return { rejected: Number(partial?.rejectedSpans ?? 0), message: partial?.errorMessage ?? "" };
      }
      if (!isRetryableHttpStatus(response.status) || attempt === RETRIES) {
        throw new PermanentError("bad_request", `${this.#url} answered ${response.status}: ${statusMessage(answer)}`);
      }
      const asked = parseRetryAfter(response.headers.get("retry-after") ?? undefined, Date.now());
      const wait = backoffMs(attempt, RETRY_BACKOFF, Math.random, asked);
      await sleep(wait, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  async #post(body: Uint8Array<ArrayBuffer>): Promise<Response | undefined> {
    try {
      return await fetch(this.#url, {
        method: "POST",
        headers: this.#headers,
        body,
        redirect: "error",
        signal: this.#signal,
      });
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      throw new PermanentError(
        "unreachable",
        `no collector answers at ${this.#url} (${fetchReason(error)}); start one with \`spanloom\` or name it with --endpoint`,
        { cause: error },
      );
    }
  }
}

/** The message of a google.rpc.Status body; the text itself where a proxy answered something else. */
function statusMessage(answer: Uint8Array): string {
  try {
    return decodeRpcStatus(answer).message || "no message";
  } catch {
    return Buffer.from(answer.subarray(0, 200)).toString("utf8").trim() || "no message";
  }
}
