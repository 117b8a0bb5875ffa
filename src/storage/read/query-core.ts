import type { Host } from "../../component/component.ts";
import { cancelled, PermanentError, RetryableError } from "../../component/errors.ts";
import type { AnswerRest, TraceReader, View, ViewResult, ViewTable } from "../../component/read.ts";
import { stackOf } from "../../component/reasons.ts";
import { messageOf } from "../../model/message-of.ts";
import type { BodyPool } from "../block/body-pool.ts";
import { SqlError } from "../sqlite/driver.ts";

/** The reading side of the store in whichever thread it runs: views over one trace reader. */
export class QueryCore {
  readonly #reader: TraceReader;
  readonly #views: ViewTable;
  readonly #host: Host;
  readonly #pool: BodyPool | undefined;

  /** `pool` is that of the reader's bodies: no view's answer shares memory with them. */
  constructor(reader: TraceReader, views: ViewTable, host: Host, pool?: BodyPool) {
    this.#reader = reader;
    this.#views = views;
    this.#host = host;
    this.#pool = pool;
  }

  /** Throws PermanentError (not_found, cancelled, bad_request, …) or RetryableError. */
  async view(name: string, params: unknown, signal: AbortSignal): Promise<ViewResult> {
    if (!Object.hasOwn(this.#views, name)) {
      throw new PermanentError(
        "not_found",
        `there is no view "${name}"; known: ${Object.keys(this.#views).join(", ")}`,
      );
    }
    const view = this.#views[name] as View;
    const started = performance.now();
    const release = this.#pool?.hold();
    let rest: AnswerRest | undefined;
    try {
      const result = await view(this.#reader, params as never, signal);
      rest = result.rest;
      return rest === undefined ? result : { ...result, rest: this.#reported(name, rest, signal) };
    } catch (error) {
      throw this.#translate(name, error, signal);
    } finally {
      if (rest === undefined) release?.();
      else void rest.ended.then(release);
      const { metrics } = this.#host;
      metrics.counter("spanloom_query_views_total", "Views answered.", { view: name }).add(1);
      metrics
        .counter("spanloom_query_view_seconds_total", "Time from request to answer of views.", { view: name })
        .add((performance.now() - started) / 1000);
    }
  }

  /** The rest of an answer, whose errors are told as those of its beginning. */
  #reported(name: string, rest: AnswerRest, signal: AbortSignal): AnswerRest {
    signal.addEventListener("abort", () => rest.cancel(), { once: true });
    return {
      pieceBytes: rest.pieceBytes,
      ended: rest.ended,
      cancel: () => rest.cancel(),
      next: async () => {
        try {
          return await rest.next();
        } catch (error) {
          throw this.#translate(name, error, signal);
        }
      },
    };
  }

  #translate(name: string, error: unknown, signal: AbortSignal): unknown {
    if (error instanceof PermanentError || error instanceof RetryableError) return error;
    if (signal.aborted) return cancelled();
    const text = messageOf(error);
    if (error instanceof SqlError) {
      return new RetryableError("storage_unavailable", `the store could not be read: ${text}`, 1000, { cause: error });
    }
    this.#host.logger.error("a view failed", {
      view: name,
      reason: stackOf(error),
    });
    return error;
  }
}
