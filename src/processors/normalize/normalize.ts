import { DecodeError } from "../../codec/decode-error.ts";
import type { MappedTraces } from "../../codec/mapping/span-batch.ts";
import { mendBody } from "../../codec/otlp/cut/mend.ts";
import { guessSignal, OTHER_SIGNALS, OtherSignalError } from "../../codec/otlp/message/other-signal.ts";
import { type MendedTraces, Refusals, type SpanPlace } from "../../codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../../codec/otlp/message/span-limits.ts";
import { spanlessText } from "../../codec/otlp/message/spanless.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import type { ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import { PermanentError } from "../../component/errors.ts";
import type { BatchFormat } from "../../component/ingest.ts";
import type { Counter, Metrics } from "../../component/metrics.ts";
import { SPAN_MARK } from "../../model/span.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { type BatchDecoder, type BatchReading, createDecoders, type ReadTraces } from "./decoders.ts";
import type { NormalizeConfig } from "./normalize-config.ts";

/** Valid until the normalizer is called again, or its generator goes on. */
export interface NormalizedPiece {
  /** OTLP protobuf, a TracesData message: the bytes that came, unless they had to be mended. */
  readonly body: Uint8Array;
  readonly scan: ScanResult;
}

/** What the sender is told. */
export interface Verdict {
  /** Spans refused. */
  readonly rejected: number;
  /** `2 spans refused: trace id is all zero (2); resourceSpans[0]…`, a note, or "". */
  readonly message: string;
}

export type NormalizedBatch = NormalizedPiece & Verdict;

/** About how much of a large batch is made ready at once, bytes of protobuf. */
const PIECE_BYTES = 1 << 20;

/**
 * Turns inflated bytes into protobuf that can be stored and its columns. Bytes that are fine stay untouched; what is
 * not is mended or refused span by span, and scanned again. One for each thread: it reuses its buffers.
 */
export class Normalizer {
  readonly #limits: SpanLimits;
  readonly #scanner: TraceScanner;
  readonly #metrics: Metrics;
  readonly #spanless: Counter;
  readonly #decoders: Readonly<Record<BatchFormat, BatchDecoder>>;

  constructor(
    config: NormalizeConfig,
    metrics: Metrics,
    decoders: Readonly<Record<BatchFormat, BatchDecoder>> = createDecoders(),
  ) {
    this.#limits = {
      ...DEFAULT_SPAN_LIMITS,
      maxAttributes: config.max_attributes,
      maxValueBytes: config.max_attribute_value_bytes,
      maxEvents: config.max_events,
      maxLinks: config.max_links,
      maxNameBytes: config.max_name_bytes,
    };
    this.#scanner = new TraceScanner(this.#limits);
    this.#metrics = metrics;
    this.#decoders = decoders;
    this.#spanless = metrics.counter(
      "spanloom_normalize_spanless_requests_total",
      "Requests that were not empty and held no spans.",
    );
    for (const signal of new Set(OTHER_SIGNALS.values())) this.#otherSignal(signal);
  }

  /**
   * The whole batch at once.
   * @throws PermanentError `malformed` for bytes that cannot be read as the format, saying where and what was expected
   */
  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch {
    const refusals = new Refusals();
    const decoder = this.#decoders[format];
    return this.#reading(decoder, () => {
      const reading = decoder.open(bytes, this.#limits, refusals);
      const piece = this.#pieceOf(reading.whole(), refusals, true);
      return { ...piece, ...this.#verdict(refusals, piece.scan.columns.count, bytes, reading) };
    });
  }

  /**
   * A large batch piece by piece; undefined where the caller may do something else. The pieces may be stored as they
   * come: a batch that cannot be read throws before the first.
   * @throws PermanentError `malformed`, as `normalize`
   */
  *pieces(format: BatchFormat, bytes: Uint8Array): Generator<NormalizedPiece | undefined, Verdict> {
    const refusals = new Refusals();
    const decoder = this.#decoders[format];
    const reading = this.#reading(decoder, () => decoder.open(bytes, this.#limits, refusals));
    const parts = reading.pieces(PIECE_BYTES);
    let rows = 0;
    for (;;) {
      const { done, value } = this.#reading(decoder, () => parts.next());
      if (done === true) break;
      // A span that is longer than a piece comes whole.
      if (value !== undefined && value.body.length > 2 * PIECE_BYTES) yield undefined;
      const piece = value && this.#reading(decoder, () => this.#pieceOf(value, refusals, rows === 0));
      rows += piece?.scan.columns.count ?? 0;
      yield piece;
    }
    return this.#reading(decoder, () => this.#verdict(refusals, rows, bytes, reading));
  }

  #pieceOf(part: ReadTraces, refusals: Refusals, isFirst: boolean): NormalizedPiece {
    if ("marks" in part) return this.#marked(part);
    if ("given" in part) return this.#mapped(part, refusals);
    return this.#protobuf(part.body, refusals, isFirst, part.first);
  }

  /** Spans of another format: nothing in them is to be refused, but limits hold for them as for others. */
  #mapped({ body, given }: MappedTraces, refusals: Refusals): NormalizedPiece {
    const marked = given.some((bits) => bits !== 0);
    const sound = this.#sound(body);
    if (sound !== undefined) return marked ? this.#withMarks(body, sound, given) : { body, scan: sound };
    const mended = mendBody(body, this.#limits, refusals);
    return this.#marked({ body: mended.body, marks: mended.marks.map((bits, row) => bits | (given[row] ?? 0)) });
  }

  #protobuf(body: Uint8Array, refusals: Refusals, mayBeOther: boolean, first?: SpanPlace): NormalizedPiece {
    const sound = this.#sound(body);
    if (sound !== undefined) {
      if (mayBeOther && hasNoStarts(sound.columns)) this.#assertTraces(body);
      return { body, scan: sound };
    }
    const piece = this.#marked(mendBody(body, this.#limits, refusals, first));
    if (mayBeOther && hasNoStarts(piece.scan.columns)) this.#assertTraces(body);
    return piece;
  }

  /** The scan of a body in which nothing has to be mended. */
  #sound(body: Uint8Array): ScanResult | undefined {
    try {
      const scan = this.#scanner.scan(body, true);
      return scan.anyTrouble ? undefined : scan;
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
  }

  #assertTraces(body: Uint8Array): void {
    const signal = guessSignal(body);
    if (signal !== undefined) throw new OtherSignalError(signal);
  }

  /** The scan of a mended body, with the marks of its mending. */
  #marked({ body, marks }: MendedTraces): NormalizedPiece {
    return this.#withMarks(body, this.#scanner.scan(body), marks);
  }

  #withMarks(body: Uint8Array, scan: ScanResult, marks: Uint8Array): NormalizedPiece {
    const { columns } = scan;
    let mended = 0;
    for (let row = 0; row < columns.count; row++) {
      const bits = marks[row] as number;
      columns.marks[row] = (columns.marks[row] as number) | bits;
      if ((bits & SPAN_MARK.mended) !== 0) mended++;
    }
    if (mended > 0) {
      const help = "Spans of which something was changed so that they can be stored: ids, values, text, limits.";
      this.#metrics.counter("spanloom_normalize_mended_spans_total", help).add(mended);
    }
    return { body, scan };
  }

  /** A request that came to nothing is told so: its sender would take silence for success. */
  #verdict(refusals: Refusals, rows: number, bytes: Uint8Array, reading: BatchReading): Verdict {
    for (const [reason, count] of refusals.reasons) {
      this.#metrics
        .counter("spanloom_normalize_refused_spans_total", "Spans that cannot be stored, by reason.", { reason })
        .add(count);
    }
    if (rows === 0 && refusals.count === 0 && !reading.saysNothing) {
      this.#spanless.add(1);
      refusals.note(() => spanlessText(bytes.length, reading.unknownFields));
    }
    return { rejected: refusals.count, message: refusals.message };
  }

  #otherSignal(signal: string): Counter {
    const help = "Requests of other signals that were sent to where traces are taken, and refused.";
    return this.#metrics.counter("spanloom_normalize_other_signal_requests_total", help, { signal });
  }

  #reading<T>(decoder: BatchDecoder, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error instanceof OtherSignalError) {
        this.#otherSignal(error.signal).add(1);
        throw new PermanentError("malformed", error.message, { cause: error });
      }
      throw new PermanentError("malformed", `not readable as ${decoder.title}: ${error.message}`, { cause: error });
    }
  }
}

function hasNoStarts({ count, startLow, startHigh }: SpanColumns): boolean {
  for (let row = 0; row < count; row++) if (startLow[row] !== 0 || startHigh[row] !== 0) return false;
  return true;
}
