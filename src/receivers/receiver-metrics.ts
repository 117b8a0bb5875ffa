import type { AppendResult } from "../component/ingest.ts";
import type { Counter, Metrics } from "../component/metrics.ts";

/** Counters of one transport of one receiver. */
export class ReceiverMetrics {
  readonly #metrics: Metrics;
  readonly #labels: { readonly receiver: string; readonly transport: string };
  readonly #accepted: Counter;
  readonly #refusedSpans: Counter;
  readonly #requests: Counter;
  readonly #bytes: Counter;

  constructor(metrics: Metrics, receiver: string, transport: string) {
    this.#metrics = metrics;
    this.#labels = { receiver, transport };
    const counter = (name: string, help: string): Counter =>
      metrics.counter(`spanloom_receiver_${name}_total`, help, this.#labels);
    this.#accepted = counter("accepted_spans", "Spans taken: stored, or dropped by sampling as configured.");
    this.#refusedSpans = counter("refused_spans", "Spans refused in requests that were otherwise taken.");
    this.#requests = counter("requests", "Export requests answered, refused ones included.");
    this.#bytes = counter("request_bytes", "Bytes of request bodies as the receiver got them.");
  }

  taken(result: AppendResult, bytes: number): void {
    this.#requests.add(1);
    this.#bytes.add(bytes);
    this.#accepted.add(result.accepted);
    this.#refusedSpans.add(result.rejected);
  }

  /** @param reason an ErrorCode, or what else was wrong with the request: `method`, `origin`, … */
  refused(reason: string): void {
    this.#requests.add(1);
    const help = "Export requests refused as a whole, by reason.";
    this.#metrics.counter("spanloom_receiver_refused_requests_total", help, { ...this.#labels, reason }).add(1);
  }
}
