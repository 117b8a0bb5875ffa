import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";
import { closedWhileKept } from "../component/kept-connection.ts";
import { reasonOf } from "../component/reasons.ts";
import { parseRetryAfter } from "../component/retry.ts";
import { onAbort } from "../component/signals.ts";
import { guardedLookup } from "../model/net/link-local.ts";
import { type Compression, LINK_LOCAL_RULE } from "./common-config.ts";
import type { ClientTlsMaterial } from "./tls-options.ts";

const gzipAsync = promisify(gzip);

/** Longest answer that is read, bytes after decompression (OTLP specification: a client should limit what it reads). */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Level 1 costs a third of the default and makes bodies of spans a tenth larger. */
const GZIP = { level: 1 } as const;

/** Below this size gzip costs more than it saves. */
const MIN_GZIP_BYTES = 512;

export type HttpAnswer =
  | {
      readonly type: "answer";
      readonly status: number;
      readonly contentType: string;
      /** What `Retry-After` asks for, ms from now. */
      readonly retryAfterMs: number | undefined;
      readonly location: string | undefined;
      readonly body: Uint8Array;
      /** The answer was longer than MAX_ANSWER_BYTES and was cut off. */
      readonly tooLong: boolean;
    }
  /** No answer: refused, reset, timed out, aborted. */
  | { readonly type: "failed"; readonly reason: string };

export interface HttpSenderSettings {
  /** Whether URLs are https. */
  readonly secure: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  /** For one attempt, from connect to the answer's last byte, ms. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly tls: ClientTlsMaterial;
  /** Most sockets at once. */
  readonly maxSockets: number;
  /** The peer does not inflate: from now on bodies go uncompressed. */
  readonly onPlain: (url: URL) => void;
}

/** Ends the request that is under way, and lets none begin: the body may be in compression still, or be sent anew. */
class Stop {
  reason: string | undefined;
  /** Of the request under way. */
  end: (reason: string) => void = () => {};

  with(reason: string): void {
    this.reason ??= reason;
    this.end(reason);
  }
}

/** Posts bodies over kept connections. Redirects are answers like any other: nothing is followed. */
export class HttpSender {
  readonly #settings: HttpSenderSettings;
  #agent: HttpAgent;
  readonly #request: typeof httpRequest;
  /** Until the peer shows that it does not inflate. */
  #zips: boolean;

  constructor(settings: HttpSenderSettings) {
    this.#settings = settings;
    this.#agent = createAgent(settings, settings.tls);
    this.#zips = settings.compression === "gzip";
    this.#request = settings.secure ? (httpsRequest as typeof httpRequest) : httpRequest;
  }

  /**
   * One attempt, on another connection where a kept one proves closed: a peer may get the body twice, as from any
   * repetition. What a peer seems to refuse for its compression goes again at once without. Never throws: whatever
   * happens to it is an answer.
   * @param url http or https, as the settings say
   * @param gzipped the same body in gzip, where it is there already
   */
  async post(
    url: URL,
    body: Uint8Array,
    contentType: string,
    signal: AbortSignal,
    gzipped?: Uint8Array,
  ): Promise<HttpAnswer> {
    const stop = new Stop();
    const timer = setTimeout(
      () => stop.with(`no answer within ${this.#settings.timeoutMs} ms`),
      this.#settings.timeoutMs,
    );
    const release = onAbort(signal, () => stop.with("stopped while it was sent"));
    try {
      const zip = this.#zips && (gzipped !== undefined || body.length >= MIN_GZIP_BYTES);
      const answer = await this.#attempt(
        url,
        zip ? (gzipped ?? (await gzipAsync(body, GZIP))) : body,
        contentType,
        zip,
        stop,
        signal,
      );
      if (!zip || !isForCompression(answer)) return answer;
      const plain = await this.#attempt(url, body, contentType, false, stop, signal);
      // Several requests under way may find out.
      if (this.#zips && plain.type === "answer" && plain.status >= 200 && plain.status < 300) {
        this.#zips = false;
        this.#settings.onPlain(url);
      }
      return plain;
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  async #attempt(
    url: URL,
    bytes: Uint8Array,
    contentType: string,
    zip: boolean,
    stop: Stop,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const headers = {
      ...this.#settings.headers,
      "content-type": contentType,
      "content-length": bytes.length,
      "user-agent": this.#settings.userAgent,
      "accept-encoding": "gzip, identity",
      ...(zip ? { "content-encoding": "gzip" } : {}),
    };
    for (;;) {
      if (signal.aborted) return { type: "failed", reason: "stopped before it was sent" };
      if (stop.reason !== undefined) return { type: "failed", reason: stop.reason };
      // Each that is closed leaves the pool, so that a new one is made at last.
      const answer = await this.#once(url, headers, bytes, stop);
      if (answer !== "closed") return answer;
    }
  }

  /** One request: its answer, or `closed` where it went to a connection that the peer had closed meanwhile. */
  #once(url: URL, headers: OutgoingHttpHeaders, bytes: Uint8Array, stop: Stop): Promise<HttpAnswer | "closed"> {
    return new Promise((resolve) => {
      const request = this.#request(url, { method: "POST", agent: this.#agent, headers });
      let answered = false;
      stop.end = (reason) => {
        resolve({ type: "failed", reason });
        request.destroy();
      };
      request.on("error", (error: NodeJS.ErrnoException) => {
        const closed = !answered && closedWhileKept(request, error.code);
        resolve(closed ? "closed" : { type: "failed", reason: reasonOf(error) });
      });
      request.on("response", (response) => {
        answered = true;
        readAnswer(request, response, resolve);
      });
      request.end(bytes);
    });
  }

  /** New connections are made with it; requests under way go on over theirs, which are not kept. */
  useTls(tls: ClientTlsMaterial): void {
    const before = this.#agent as HttpAgent & { keepAlive: boolean };
    this.#agent = createAgent(this.#settings, tls);
    before.keepAlive = false;
    for (const socket of Object.values(before.freeSockets).flat()) socket?.destroy();
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function createAgent({ secure, maxSockets }: HttpSenderSettings, tls: ClientTlsMaterial): HttpAgent {
  const pool = { keepAlive: true, maxSockets, lookup: guardedLookup(LINK_LOCAL_RULE) };
  return secure ? new HttpsAgent({ ...pool, ...tls }) : new HttpAgent(pool);
}

/** Unsupported Media Type, or what Jaeger's collector says of Thrift in gzip, which it does not inflate. */
function isForCompression(answer: HttpAnswer): boolean {
  if (answer.type === "failed") return false;
  return (
    answer.status === 415 || (answer.status === 400 && /unknown data type/i.test(String(Buffer.from(answer.body))))
  );
}

function readAnswer(request: ClientRequest, response: IncomingMessage, resolve: (answer: HttpAnswer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (tooLong: boolean) => {
    resolve({
      type: "answer",
      status: response.statusCode ?? 0,
      contentType: response.headers["content-type"] ?? "",
      retryAfterMs: parseRetryAfter(response.headers["retry-after"], Date.now()),
      location: response.headers.location,
      body: Buffer.concat(chunks),
      tooLong,
    });
  };
  const zipped = response.headers["content-encoding"]?.toLowerCase() === "gzip";
  const body = zipped ? response.pipe(createGunzip()) : response;
  body.on("data", (chunk: Buffer) => {
    if (length + chunk.length > MAX_ANSWER_BYTES) {
      finish(true);
      request.destroy();
      return;
    }
    length += chunk.length;
    chunks.push(chunk);
  });
  body.on("end", () => finish(false));
  response.on("error", (error) => resolve({ type: "failed", reason: `the answer broke off: ${reasonOf(error)}` }));
  // It says to be gzip and is not, or is empty: the status counts.
  if (body !== response) body.on("error", () => finish(false));
}
