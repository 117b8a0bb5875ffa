import { z } from "zod";
import { DecodeError } from "../codec/decode-error.ts";
import { decodeTraces } from "../codec/otlp/decode.ts";
import { encodeTraces } from "../codec/otlp/encode.ts";
import { jsonToTraces } from "../codec/otlp/json-in.ts";
import { mendTraces } from "../codec/otlp/mend.ts";
import { TraceScanner } from "../codec/otlp/scan.ts";
import { DEFAULT_SCAN_LIMITS, type ScanLimits, type ScanResult } from "../codec/otlp/scan-result.ts";
import { PermanentError } from "../component/errors.ts";
import type { BatchFormat } from "../component/ingest.ts";
import type { Metrics } from "../component/metrics.ts";
import { SPAN_MARK, type Span, type TracesData } from "../model/span.ts";

export const normalizeConfig = z.strictObject({
  /** Most attributes of one span, event, link, resource or scope; more are dropped and counted on it. */
  max_attributes: z.int().min(1).max(1_000_000).default(DEFAULT_SCAN_LIMITS.maxAttributes),
  /** Longest string or bytes value, bytes; longer ones are cut at a character. */
  max_attribute_value_bytes: z.int().min(1).max(1_073_741_824).default(DEFAULT_SCAN_LIMITS.maxValueBytes),
});
export type NormalizeConfig = z.infer<typeof normalizeConfig>;

/** Valid until the next call of `normalize`. */
export interface NormalizedBatch {
  /** OTLP protobuf, a TracesData message: the bytes that came, unless they had to be mended. */
  readonly body: Uint8Array;
  readonly scan: ScanResult;
  /** Spans refused. */
  readonly rejected: number;
  /** `2 spans refused: trace id is all zero (2)`, or "". */
  readonly message: string;
}

/**
 * Turns inflated bytes into protobuf that can be stored and its columns. Bytes that are fine stay untouched; what has a
 * trouble is decoded, mended or refused, encoded and scanned again. One for each thread: it reuses its buffers.
 */
export class Normalizer {
  readonly #limits: ScanLimits;
  readonly #scanner: TraceScanner;
  readonly #metrics: Metrics;

  constructor(config: NormalizeConfig, metrics: Metrics) {
    this.#limits = {
      ...DEFAULT_SCAN_LIMITS,
      maxAttributes: config.max_attributes,
      maxValueBytes: config.max_attribute_value_bytes,
    };
    this.#scanner = new TraceScanner(this.#limits);
    this.#metrics = metrics;
  }

  /** @throws PermanentError `malformed` for bytes that cannot be read as the format, saying where and what was expected */
  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch {
    try {
      const data = format === "otlp_json" ? jsonToTraces(bytes) : undefined;
      const body = data === undefined ? bytes : encodeTraces(data);
      const scan = this.#scanner.scan(body);
      if (!scan.anyTrouble) return { body, scan, rejected: 0, message: "" };
      return this.#mend(data ?? decodeTraces(body), scan);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const what = format === "otlp_json" ? "OTLP/JSON" : "OTLP protobuf";
      throw new PermanentError("malformed", `not readable as ${what}: ${error.message}`, { cause: error });
    }
  }

  #mend(data: TracesData, first: ScanResult): NormalizedBatch {
    // Copied, since the second scan writes over the first.
    const troubles = first.troubles.slice();
    const { groupTrouble } = first;
    const { data: mended, rejected } = mendTraces(data, this.#limits);
    const body = encodeTraces(mended);
    const scan = this.#scanner.scan(body);
    this.#mark(scan, keptTroubles(data, troubles), groupTrouble);
    for (const [reason, count] of rejected.reasons) {
      this.#metrics
        .counter("spanloom_normalize_refused_spans_total", "Spans that cannot be stored, by reason.", { reason })
        .add(count);
    }
    return { body, scan, rejected: rejected.count, message: refusalMessage(rejected.count, rejected.reasons) };
  }

  /** Marks the rows whose bytes were changed; a group that was mended has changed all its rows. */
  #mark(scan: ScanResult, troubles: readonly number[], groupTrouble: boolean): void {
    const all = groupTrouble || troubles.length !== scan.columns.count;
    let mended = 0;
    for (let row = 0; row < scan.columns.count; row++) {
      if (!all && troubles[row] === 0) continue;
      scan.columns.marks[row] = (scan.columns.marks[row] as number) | SPAN_MARK.mended;
      mended++;
    }
    if (mended === 0) return;
    const help = "Spans whose bytes were changed so that they can be stored: ids, invalid UTF-8, limits.";
    this.#metrics.counter("spanloom_normalize_mended_spans_total", help).add(mended);
  }
}

/** The troubles of the spans that were not refused, in their order. */
function keptTroubles(data: TracesData, troubles: Uint8Array): number[] {
  const spans = data.flatMap((entry) => entry.scopeSpans.flatMap((scope) => scope.spans));
  return spans.flatMap((span, row) => (hasUsableIds(span) ? [troubles[row] as number] : []));
}

function hasUsableIds({ traceId, spanId }: Span): boolean {
  return traceId.length <= 32 && /[^0]/.test(traceId) && spanId.length <= 16 && /[^0]/.test(spanId);
}

function refusalMessage(count: number, reasons: ReadonlyMap<string, number>): string {
  if (count === 0) return "";
  const parts = [...reasons].map(([reason, times]) => `${reason} (${times})`);
  return `${count} ${count === 1 ? "span" : "spans"} refused: ${parts.join(", ")}`;
}
