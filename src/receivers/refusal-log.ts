import type { LogFields, Logger } from "../component/logger.ts";
import { MINUTE_MS } from "../model/time.ts";
import type { ListenerRefusal } from "../server/client-error.ts";
import { cutMessage } from "./partial-success.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";

/** Host names, origins and paths of one reason that are told apart: a scanner must not fill the log. */
const MAX_ABOUT = 8;

export interface RefusedRequest {
  /** An ErrorCode, or what else was wrong with the request: `method`, `origin`, … */
  readonly reason: string;
  /** What the sender is told. */
  readonly message: string;
  /** Which one, where an operator has to know each: a host name, an origin, a path. */
  readonly about?: string | undefined;
}

/** Requests that were refused, or spans of requests that were otherwise taken. */
type Refusable = "requests" | "spans";

interface Kind {
  readonly refusal: RefusedRequest;
  readonly what: Refusable;
  /** Since the last line. */
  count: number;
}

/**
 * Tells the operator of requests that a transport refused: the first of each kind with what its sender was told, then
 * how many more came in each minute. A kind that was quiet for a minute is new again.
 */
export class RefusalLog {
  readonly #metrics: ReceiverMetrics;
  readonly #logger: Logger;
  readonly #title: string;
  /** There are few reasons, so that this is bounded by what is told apart of each. */
  readonly #kinds = new Map<string, Kind>();
  readonly #abouts = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param title what people call the transport: `OTLP/HTTP` */
  constructor(metrics: ReceiverMetrics, logger: Logger, title: string) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#title = title;
  }

  /** @param sender what is known of who sent it, for the log */
  refused(refusal: RefusedRequest, sender: LogFields = {}): void {
    this.#metrics.refused(refusal.reason);
    const { reason, message, about } = refusal;
    const fields = { reason, ...(about === undefined ? {} : { about }), answer: cutMessage(message), ...sender };
    this.#tell(refusal, "requests", 1, fields);
  }

  /** What no handler saw. */
  refusedByListener({ reason, message, sender }: ListenerRefusal): void {
    this.refused({ reason, message }, sender === undefined ? {} : { sender });
  }

  /** Spans that were refused in a request whose sender does not read answers. They are counted with the request. */
  refusedSpans(count: number, message: string, sender: LogFields = {}): void {
    const fields = { count, answer: cutMessage(message), ...sender };
    this.#tell({ reason: "unusable", message }, "spans", count, fields);
  }

  #tell(refusal: RefusedRequest, what: Refusable, count: number, fields: LogFields): void {
    const key = `${what} ${this.#keyOf(refusal)}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    this.#kinds.set(key, { refusal, what, count: 0 });
    this.#timer ??= setInterval(() => this.#everyMinute(), MINUTE_MS).unref();
    this.#logger.warn(`refused ${what === "spans" ? what : "a request"}: ${this.#nameOf(refusal)}`, fields);
  }

  /** Tells the last counts. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const kind of this.#kinds.values()) this.#tellCount(kind);
    this.#forget();
  }

  #everyMinute(): void {
    const kinds = [...this.#kinds.values()];
    this.#forget();
    for (const kind of kinds) {
      if (kind.count === 0) continue;
      this.#tellCount(kind);
      this.#kinds.set(`${kind.what} ${this.#keyOf(kind.refusal)}`, { ...kind, count: 0 });
    }
    if (this.#kinds.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #forget(): void {
    this.#kinds.clear();
    this.#abouts.clear();
  }

  #tellCount({ refusal, what, count }: Kind): void {
    if (count === 0) return;
    const { reason, about } = refusal;
    this.#logger.warn(`refused further ${what}: ${this.#nameOf(refusal)}`, {
      reason,
      ...(about === undefined ? {} : { about }),
      count,
    });
  }

  #keyOf({ reason, about }: RefusedRequest): string {
    if (about === undefined) return reason;
    const known = this.#abouts.get(reason) ?? new Set<string>();
    this.#abouts.set(reason, known);
    if (known.size < MAX_ABOUT) known.add(about);
    return known.has(about) ? `${reason} ${about}` : reason;
  }

  /** Part of the message, as the log holds back a message that it had just before. */
  #nameOf({ reason, about }: RefusedRequest): string {
    return `${this.#title}, ${reason}${about === undefined ? "" : ` ${JSON.stringify(about)}`}`;
  }
}
