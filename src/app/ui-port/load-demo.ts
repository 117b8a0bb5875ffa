import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { BatchSink } from "../../component/ingest.ts";
import type { ViewHost } from "../../component/read.ts";
import { countSpans, DemoShop, joinTraces } from "../../demo/generator.ts";
import { pastTraces } from "../../demo/past-traces.ts";
import type { TraceQuery } from "../../model/trace-query.ts";

/** The same shop every time: what is planted in it is found where a guide says. */
const SEED = 1;
const TRACES = 1_000;
/** Within the hour that pages look back by default, ms. */
const SPREAD_MS = 50 * 60_000;

/** What `POST /api/ui/admin/demo` answers. */
export interface LoadedDemo {
  readonly traces: number;
  readonly spans: number;
}

/**
 * Puts the demo shop's traces of the last fifty minutes into the store, as a sender would: about 16,000 spans. One
 * loading at a time.
 */
export class DemoLoader {
  readonly #store: ViewHost;
  readonly #sink: BatchSink;
  #loading = false;

  constructor(store: ViewHost, sink: BatchSink) {
    this.#store = store;
    this.#sink = sink;
  }

  /**
   * `again` loads it where something is stored already, too.
   * @throws PermanentError `bad_request` where something is stored, RetryableError `overloaded` while it is loaded
   */
  async load(again: boolean, signal: AbortSignal): Promise<LoadedDemo> {
    if (this.#loading) throw new RetryableError("overloaded", "the demo is being loaded");
    this.#loading = true;
    try {
      if (!again && (await this.#holdsTraces(signal))) {
        throw new PermanentError(
          "bad_request",
          'traces are stored already: {"again": true} loads the demo beside them',
        );
      }
      return await this.#append();
    } finally {
      this.#loading = false;
    }
  }

  async #holdsTraces(signal: AbortSignal): Promise<boolean> {
    const query: TraceQuery = { filter: { op: "all" }, limit: 1 };
    const { body } = await this.#store.view("store.find_ids", { query }, signal);
    return (JSON.parse(Buffer.from(body).toString()) as { traceIds: string[] }).traceIds.length > 0;
  }

  async #append(): Promise<LoadedDemo> {
    let traces = 0;
    let spans = 0;
    for (const made of pastTraces(new DemoShop(SEED), { traces: TRACES, spreadMs: SPREAD_MS })) {
      const data = joinTraces(made);
      const bytes = encodeTraces(data);
      const { rejected, message } = await this.#sink.append({
        format: "otlp_protobuf",
        encoding: "identity",
        bytes,
        maxBytes: bytes.length,
        receivedAtMs: Date.now(),
        source: "demo",
      });
      if (rejected > 0) throw new PermanentError("bad_request", `the collector refuses spans of the demo: ${message}`);
      traces += made.length;
      spans += countSpans(data);
    }
    return { traces, spans };
  }
}
