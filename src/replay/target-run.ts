import { type ErrorCode, PermanentError } from "../component/errors.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import type { ReplayTarget } from "./target.ts";

/** What became of a replay at one of its targets. */
export interface TargetSummary {
  readonly name: string;
  readonly spans: number;
  /** Of these, refused for good. */
  readonly rejectedSpans: number;
  /** Why nothing more was sent to it. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

const MAX_MESSAGES = 20;

interface Running {
  readonly target: ReplayTarget;
  spans: number;
  rejected: number;
  error: TargetSummary["error"];
}

/** How much is under way at one time. */
export interface SendWindow {
  readonly requests: number;
  /** Of OTLP protobuf, about; one request may be larger. */
  readonly bytes: number;
}

/** Sends requests to several targets, side by side, and begins them in the order in which they come. */
export class Sender {
  readonly #window: SendWindow;
  readonly #running: readonly Running[];
  readonly #signal: AbortSignal;
  readonly #messages = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #bytes = 0;
  #requests = 0;
  #spans = 0;

  constructor(targets: readonly ReplayTarget[], window: SendWindow, signal: AbortSignal) {
    this.#window = window;
    this.#signal = signal;
    this.#running = targets.map((target) => ({ target, spans: 0, rejected: 0, error: undefined }));
  }

  /** Every target has given up. */
  get isOver(): boolean {
    return this.#running.every(({ error }) => error !== undefined);
  }

  get counts(): { readonly requests: number; readonly spans: number } {
    return { requests: this.#requests, spans: this.#spans };
  }

  /** Resolves when there is room for one more. */
  async room(bytes: number): Promise<void> {
    const isFull = () =>
      this.#underWay.size >= this.#window.requests ||
      (this.#underWay.size > 0 && this.#bytes + bytes > this.#window.bytes);
    while (isFull()) await Promise.race(this.#underWay);
  }

  /** @param done called when no target needs the request any more */
  begin(spans: LogFragment, done: () => void): void {
    const left = this.#running.filter(({ error }) => error === undefined);
    const bytes = spans.block.body.length;
    this.#bytes += bytes;
    const sending = Promise.all(left.map((one) => this.#send(one, spans))).then((taken) => {
      this.#underWay.delete(sending);
      this.#bytes -= bytes;
      done();
      if (!taken.includes(true)) return;
      this.#requests++;
      this.#spans += spans.rows.length;
    });
    this.#underWay.add(sending);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  summary() {
    return {
      requests: this.#requests,
      spans: this.#spans,
      rejectedSpans: this.#running.reduce((sum, { rejected }) => sum + rejected, 0),
      messages: [...this.#messages],
      targets: this.#running.map(({ target, spans, rejected, error }): TargetSummary => {
        return { name: target.name, spans, rejectedSpans: rejected, ...(error === undefined ? {} : { error }) };
      }),
    };
  }

  async #send(one: Running, spans: LogFragment): Promise<boolean> {
    try {
      const answer = await one.target.send(spans, this.#signal);
      if (answer === undefined) return false;
      one.spans += spans.rows.length;
      one.rejected += Math.min(answer.rejected, spans.rows.length);
      if (answer.message !== "" && this.#messages.size < MAX_MESSAGES) this.#messages.add(answer.message);
      return true;
    } catch (error) {
      one.error ??= { code: error instanceof PermanentError ? error.code : "internal", message: messageOf(error) };
      return false;
    }
  }
}
