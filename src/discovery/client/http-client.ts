import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { PermanentError, RetryableError, stopped } from "../../component/errors.ts";
import { closedWhileKept } from "../../component/kept-connection.ts";
import { reasonOf } from "../../component/reasons.ts";
import { isRetryableHttpStatus } from "../../component/retry.ts";
import { onAbort } from "../../component/signals.ts";
import { guardedLookup } from "../../model/net/link-local.ts";

/** Longest answer and longest line of a stream that is read, bytes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_SHOWN = 200;
/** Ends the message of a LinkLocalError. */
export const REGISTRY_ADDRESS_RULE = "no registry is there";

export interface RegistryHttpSettings {
  /** `consul`, for messages. */
  readonly name: string;
  /** Base URL; a path in it is kept in front. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly tls?: {
    readonly ca?: string | Buffer | undefined;
    readonly cert?: string | Buffer | undefined;
    readonly key?: string | Buffer | undefined;
    readonly rejectUnauthorized?: boolean;
    readonly servername?: string | undefined;
  };
}

export interface RegistryRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** With query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Instead of the usual one, ms: blocking queries wait on purpose. */
  readonly timeoutMs?: number;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/**
 * HTTP towards a registry. Redirects are answers like any other. Connection errors, timeouts and broken answers are
 * RetryableError `unreachable`; an abort by the caller is RetryableError `cancelled`.
 */
export class RegistryHttp {
  readonly #settings: RegistryHttpSettings;
  readonly #agent: HttpAgent;
  readonly #base: URL;

  constructor(settings: RegistryHttpSettings) {
    this.#settings = settings;
    this.#base = new URL(settings.url);
    const pool = { keepAlive: true, maxSockets: 256, lookup: guardedLookup(REGISTRY_ADDRESS_RULE) };
    this.#agent = this.#base.protocol === "https:" ? new HttpsAgent({ ...pool, ...settings.tls }) : new HttpAgent(pool);
  }

  /** Any status is an answer. */
  async request(request: RegistryRequest): Promise<RegistryAnswer> {
    const { response, done } = await this.#open(request);
    try {
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
        chunks.push(chunk);
      }
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: Buffer.concat(chunks).toString("utf8"),
      };
    } catch (error) {
      throw this.#failure(request, error);
    } finally {
      done();
    }
  }

  /** The answer's JSON. @throws as `refusal` for a status that is not 2xx, PermanentError `malformed` for no JSON. */
  async json(request: RegistryRequest): Promise<{ readonly answer: RegistryAnswer; readonly value: unknown }> {
    const answer = await this.request(request);
    if (answer.status < 200 || answer.status > 299) throw this.refusal(request, answer);
    return { answer, value: this.parse(request, answer.text) };
  }

  /**
   * The JSON values of an answer with one on each line, as they come; ends when the server ends it. The timeout counts
   * until the headers are there and then between lines.
   */
  async *lines(request: RegistryRequest): AsyncIterable<unknown> {
    const { response, done, touch } = await this.#open(request);
    try {
      let rest = "";
      response.setEncoding("utf8");
      const ok = response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300;
      for await (const chunk of response as AsyncIterable<string>) {
        touch();
        rest += chunk;
        if (rest.length > MAX_ANSWER_BYTES) throw new Error(`a line has more than ${MAX_ANSWER_BYTES} bytes`);
        if (!ok) continue;
        const lines = rest.split("\n");
        rest = lines.pop() as string;
        for (const line of lines) if (line.trim() !== "") yield this.parse(request, line);
      }
      if (!ok) {
        throw this.refusal(request, { status: response.statusCode ?? 0, headers: response.headers, text: rest });
      }
      if (rest.trim() !== "") yield this.parse(request, rest);
    } catch (error) {
      throw this.#failure(request, error);
    } finally {
      done();
    }
  }

  /** What a refusing status means; the message has the start of the body. */
  refusal(request: RegistryRequest, answer: RegistryAnswer): RetryableError | PermanentError {
    const text = answer.text.trim().slice(0, MAX_SHOWN);
    const message = `${this.#what(request)} answered ${answer.status}${text === "" ? "" : `: ${text}`}`;
    if (answer.status === 401 || answer.status === 403) return new PermanentError("unauthenticated", message);
    if (isRetryableHttpStatus(answer.status) || answer.status >= 500) return new RetryableError("unreachable", message);
    return new PermanentError("bad_request", message);
  }

  parse(request: RegistryRequest, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.malformed(request, `JSON, got ${JSON.stringify(text.slice(0, 80))}`);
    }
  }

  /** An answer that is not what the API promises. */
  malformed(request: RegistryRequest, expected: string): PermanentError {
    return new PermanentError("malformed", `${this.#what(request)}: expected ${expected}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** On another connection where a kept one proves closed. */
  async #open(request: RegistryRequest): Promise<OpenAnswer> {
    const { signal, timeoutMs = this.#settings.timeoutMs } = request;
    if (signal?.aborted === true) throw stopped(this.#what(request));
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const url = new URL(this.#base);
    const at = request.path.indexOf("?");
    url.pathname = this.#base.pathname.replace(/\/$/, "") + (at < 0 ? request.path : request.path.slice(0, at));
    url.search = at < 0 ? "" : request.path.slice(at);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing: ClientRequest = send(url, {
      method: request.method,
      agent: this.#agent,
      headers: {
        accept: "application/json",
        "user-agent": this.#settings.userAgent,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "content-length": body?.length ?? 0,
        ...request.headers,
      },
    });
    const late = (): void => void outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`));
    let timer = setTimeout(late, timeoutMs);
    const release = onAbort(signal, () => outgoing.destroy(new Cancelled()));
    let response: IncomingMessage | undefined;
    const done = (): void => {
      clearTimeout(timer);
      release();
      // A stream that the reader left must not stay open.
      if (response?.complete !== true) outgoing.destroy();
    };
    const touch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(late, timeoutMs);
    };
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.on("error", reject).on("response", resolve).end(body);
      });
      response = answer;
      // Destroying the request with an error ends the answer with "aborted"; the reason is kept for the message.
      outgoing.on("error", (error) => answer.destroy(error));
      return { response: answer, done, touch };
    } catch (error) {
      done();
      if (closedWhileKept(outgoing, (error as NodeJS.ErrnoException).code)) return this.#open(request);
      throw this.#failure(request, error);
    }
  }

  #failure(request: RegistryRequest, error: unknown): Error {
    if (error instanceof RetryableError || error instanceof PermanentError) return error;
    if (error instanceof Cancelled || request.signal?.aborted === true) {
      return stopped(this.#what(request));
    }
    return new RetryableError("unreachable", `${this.#what(request)}: ${reasonOf(error)}`, undefined, { cause: error });
  }

  #what(request: RegistryRequest): string {
    return `${this.#settings.name} registry ${this.#base.origin}: ${request.method} ${request.path.slice(0, MAX_SHOWN)}`;
  }
}

interface OpenAnswer {
  readonly response: IncomingMessage;
  readonly done: () => void;
  readonly touch: () => void;
}

class Cancelled extends Error {}
