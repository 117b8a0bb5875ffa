import type { IncomingMessage } from "node:http";
import { cancelled, PermanentError } from "../../component/errors.ts";
import { type ConnectionFlags, DEFAULT_URL } from "../options/connection-flags.ts";
import { reportIncomplete } from "../output/incomplete.ts";
import { readClientTls, type ShownTls } from "./client-tls.ts";
import { refusalOf } from "./refusal.ts";

/** As `ADMIN_HEADER` of the routes: tells a program's request from that of a web page. */
const ADMIN_HEADERS = { "content-type": "application/json", "x-spanloom": "1" };

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer<ArrayBuffer>;
}

interface RequestOptions {
  /** JSON; absent is a GET. */
  readonly post?: string;
  readonly signal?: AbortSignal | undefined;
}

/** As `INCOMPLETE_HEADER` of the routes: why an answer may lack something. */
const INCOMPLETE_HEADER = "x-spanloom-incomplete";

/**
 * Talks to a running collector; every failure names what to do next. What an answer may lack is told to
 * `onIncomplete`, each reason once.
 */
export class ApiClient {
  /** Without credentials, with a slash at the end. */
  readonly base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tls: ShownTls;
  readonly #onIncomplete: (reason: string) => void;
  readonly #told = new Set<string>();

  /** @throws PermanentError `bad_request` where a file of TLS cannot be read, or a certificate has no key */
  constructor(
    { url: text, header = [], token, ...trust }: ConnectionFlags,
    onIncomplete: (reason: string) => void = reportIncomplete,
  ) {
    this.#onIncomplete = onIncomplete;
    const url = new URL(text);
    const { username, password } = url;
    [url.username, url.password, url.search, url.hash] = ["", "", "", ""];
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    this.base = url.href;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = {
      ...(username === "" ? {} : { authorization: `Basic ${Buffer.from(pair).toString("base64")}` }),
      ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...Object.fromEntries(header),
    };
    this.#tls = readClientTls(trust);
  }

  /**
   * @throws PermanentError `unreachable` where nothing answers; `not_found`, `bad_request` with the collector's words
   */
  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#parse<T>(await this.#ask(path, { signal }));
  }

  async bytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const { body } = await this.#ask(path, { signal });
    return body.buffer.slice(body.byteOffset, body.byteOffset + body.length);
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.#ask(path, { signal })).body.toString("utf8");
  }

  /** Why `/readyz` says that the collector takes no spans, in its own words; undefined where it takes them. */
  async whyNotReady(): Promise<string | undefined> {
    const response = await this.#answered(new URL("readyz", this.base), {});
    const { status, contentType, body } = await readAnswer(response);
    if (status === 200) return undefined;
    if (status === 503 && contentType.startsWith("text/plain")) return body.toString("utf8").trim();
    throw new PermanentError(
      "bad_request",
      `${this.base} is not the address of a collector's web UI: /readyz answered ${status}`,
    );
  }

  /** The lines of an answer as they come; ends with it. Throws as `json`, and what the connection throws meanwhile. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#request(path, { signal });
    response.setEncoding("utf8");
    let rest = "";
    for await (const text of response as AsyncIterable<string>) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() as string;
      yield* lines;
    }
  }

  /** Maintenance, `compact` or `delete`. Throws as `json`. */
  async admin<T>(path: string, body: unknown): Promise<T> {
    return this.#parse<T>(await this.#ask(`api/ui/admin/${path}`, { post: JSON.stringify(body) }));
  }

  #parse<T>({ contentType, body }: Answer): T {
    if (contentType.startsWith("application/json")) return JSON.parse(body.toString("utf8")) as T;
    throw new PermanentError("bad_request", `${this.base} is not the address of a collector's web UI: no JSON came`);
  }

  async #ask(path: string, options: RequestOptions): Promise<Answer> {
    return readAnswer(await this.#request(path, options));
  }

  /** A response that is a success; its body is still to be read. */
  async #request(path: string, options: RequestOptions): Promise<IncomingMessage> {
    const url = new URL(path, this.base);
    const response = await this.#answered(url, options);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) {
      const reason = response.headers[INCOMPLETE_HEADER];
      if (typeof reason === "string") this.tellIncomplete(reason);
      return response;
    }
    const answer = await readAnswer(response);
    const refusal = refusalOf(status, answer.body.toString("utf8"), plainRefusal(url, answer));
    const advice = this.#adviceOf(status);
    throw advice === undefined ? refusal : new PermanentError(refusal.code, `${refusal.message}; ${advice}`);
  }

  /** What to do where a collector, or a proxy before it, wants other credentials than those that were sent. */
  #adviceOf(status: number): string | undefined {
    const sent = Object.keys(this.#headers).some((name) => name.toLowerCase() === "authorization");
    if (status === 403 && sent) return `${this.base} knows these credentials, and they may not do this (403)`;
    if (status !== 401) return undefined;
    return sent
      ? `${this.base} does not take the credentials that were given (401): check --token, SPANLOOM_TOKEN, --header and the user in --url`
      : `${this.base} wants credentials (401): give them as --token or SPANLOOM_TOKEN, as --url https://user:password@… or by --header`;
  }

  /** A response, whatever its status. */
  async #answered(url: URL, { post, signal }: RequestOptions): Promise<IncomingMessage> {
    try {
      return await this.#send(url, post, signal);
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      const { whyNoAnswer } = await import("./no-answer.ts");
      throw new PermanentError("unreachable", await whyNoAnswer(url, this.base, error), { cause: error });
    }
  }

  /** Tells what a body says that an answer may lack, where no answer before it did. */
  tellIncomplete(reason: string): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#onIncomplete(reason);
  }

  async #send(url: URL, post: string | undefined, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    // Loaded here, as commands that ask nobody start without.
    const { request: send } = await (url.protocol === "https:" ? import("node:https") : import("node:http"));
    const body = post === undefined ? undefined : Buffer.from(post);
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...(body === undefined ? {} : { ...ADMIN_HEADERS, "content-length": body.length }),
          ...this.#headers,
        },
        ...this.#tls,
        ...(signal === undefined ? {} : { signal }),
      });
      request.on("error", reject);
      request.on("response", resolve);
      request.end(body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers["content-type"] ?? response.headers.location ?? "",
    body: Buffer.concat(chunks),
  };
}

/** What came where the collector would have sent a message of its own: a proxy in front of it, or another program. */
function plainRefusal(url: URL, { status, contentType }: Answer): string {
  if (status === 401 || status === 403) return `${url} answered ${status}`;
  if (status >= 300 && status < 400) return `${url} leads to ${contentType}: give that address as --url`;
  return `${url} answered ${status}; expected a collector's web UI there, as ${DEFAULT_URL}`;
}
