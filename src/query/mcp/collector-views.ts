import { PermanentError } from "../../component/errors.ts";
import { type ViewHost, wholeAnswer } from "../../component/read.ts";
import type { AnswerBounds } from "../answer-bounds.ts";
import type { CompareParams } from "../ui/comparison/compare-view.ts";
import type { UiViewParams } from "../ui/views.ts";

/** Time for one call of a tool, ms. */
const CALL_MS = 10_000;

/** What is asked of the collector, by the names of views. */
interface AskedViews extends UiViewParams {
  readonly "ui.compare": CompareParams;
}

/** The UI's views, with the time of one call as their bound. */
export class CollectorViews {
  readonly #host: ViewHost;
  readonly #bounds: AnswerBounds;
  readonly #signal: AbortSignal;
  readonly #callMs: number;

  /** @param closed whoever asks has gone */
  constructor(host: ViewHost, bounds: AnswerBounds, closed: AbortSignal, callMs = CALL_MS) {
    this.#host = host;
    this.#bounds = bounds;
    this.#callMs = callMs;
    this.#signal = AbortSignal.any([closed, AbortSignal.timeout(callMs)]);
  }

  /** The bytes of an answer, and why it may lack something. Throws PermanentError `too_large` after the call's time. */
  async bytes<Name extends keyof AskedViews>(
    view: Name,
    params: AskedViews[Name],
  ): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly incomplete?: string }> {
    const signal = this.#signal;
    const turns = this.#bounds.turnsOf(view);
    try {
      return await turns.run(signal, async () => wholeAnswer(await this.#host.view(view, params, signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
      const message = `the call was ended after ${this.#callMs / 1_000} s, the most that one may take; narrow the time range or the query`;
      throw new PermanentError("too_large", message, { cause: error });
    }
  }

  async json<T, Name extends keyof AskedViews = keyof AskedViews>(
    view: Name,
    params: AskedViews[Name],
  ): Promise<T & { readonly incomplete?: string }> {
    const { body, incomplete } = await this.bytes(view, params);
    return {
      ...(JSON.parse(new TextDecoder().decode(body)) as T),
      ...(incomplete === undefined ? {} : { incomplete }),
    };
  }
}
