import { cancelled, PermanentError } from "../../component/errors.ts";
import { fetchReason } from "../../component/reasons.ts";
import { refusalOf } from "./refusal.ts";

/** Where a collector's read APIs answer when a command is not told. */
export const DEFAULT_URL = "http://127.0.0.1:16686";

/** Talks to the read APIs of a running collector; every failure names what to do next. */
export class ApiClient {
  readonly #base: string;

  constructor(url: string) {
    this.#base = url.endsWith("/") ? url : `${url}/`;
  }

  /**
   * Throws PermanentError: `unreachable` where nothing answers, `not_found`, `bad_request` with the collector's words.
   */
  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.#get(path, signal);
    if (!response.headers.get("content-type")?.startsWith("application/json")) {
      throw new PermanentError("bad_request", `${this.#base} is not the address of a collector's web UI: no JSON came`);
    }
    return (await response.json()) as T;
  }

  async bytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    return (await this.#get(path, signal)).arrayBuffer();
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.#get(path, signal)).text();
  }

  async #get(path: string, signal: AbortSignal | undefined): Promise<Response> {
    const url = new URL(path, this.#base);
    let response: Response;
    try {
      response = await fetch(url, { redirect: "error", ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      throw new PermanentError(
        "unreachable",
        `no collector answers at ${this.#base} (${fetchReason(error)}); start one with \`spanloom\` or name it with --url`,
        { cause: error },
      );
    }
    if (response.ok) return response;
    throw refusalOf(
      response.status,
      await response.text(),
      `${url} answered ${response.status}; expected a collector's web UI there, as ${DEFAULT_URL}`,
    );
  }
}
