import type { AppendResult } from "../component/ingest.ts";
import type { Counter, Histogram, Metrics } from "../component/metrics.ts";
import type { GrpcService } from "../server/grpc/grpc-listener-options.ts";
import type { RawUnaryHandler } from "../server/grpc/grpc-unary.ts";
import type { HttpHandler } from "../server/http-listener.ts";

/** What is counted and measured of one transport of one receiver. */
export class ReceiverMetrics {
  readonly #metrics: Metrics;
  readonly #labels: { readonly receiver: string; readonly transport: string };
  readonly #accepted: Counter;
  readonly #refusedSpans: Counter;
  readonly #requests: Counter;
  readonly #bytes: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: Metrics, receiver: string, transport: string) {
    this.#metrics = metrics;
    this.#labels = { receiver, transport };
    const counter = (name: string, help: string): Counter =>
      metrics.counter(`spanloom_receiver_${name}_total`, help, this.#labels);
    this.#accepted = counter("accepted_spans", "Spans taken: stored, or dropped by sampling as configured.");
    this.#refusedSpans = counter("refused_spans", "Spans refused in requests that were otherwise taken.");
    this.#requests = counter("requests", "Export requests answered, refused ones included.");
    this.#bytes = counter("request_bytes", "Bytes of request bodies as the receiver got them.");
    this.#seconds = metrics.histogram(
      "spanloom_receiver_request_duration_seconds",
      "Time from a request's headers, of gRPC from its whole message, to the end of its answer.",
      this.#labels,
    );
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

  /** Measures what the handler takes. */
  timedHandler(handler: HttpHandler): HttpHandler {
    return (request, response) => {
      const start = performance.now();
      response.once("close", () => this.#observe(start));
      handler(request, response);
    };
  }

  /** As `timedHandler`, for every method of the service. */
  timedService({ name, methods }: GrpcService): GrpcService {
    const timed = Object.entries(methods).map(([method, handle]) => [method, this.#timedMethod(handle)] as const);
    return { name, methods: Object.fromEntries(timed) };
  }

  #timedMethod(handle: RawUnaryHandler): RawUnaryHandler {
    return (message, reply, encoding) => {
      const start = performance.now();
      handle(
        message,
        {
          source: reply.source,
          succeed: (response) => {
            reply.succeed(response);
            this.#observe(start);
          },
          fail: (status) => {
            reply.fail(status);
            this.#observe(start);
          },
        },
        encoding,
      );
    };
  }

  #observe(start: number): void {
    this.#seconds.observe((performance.now() - start) / 1000);
  }
}
