import type { Refusals } from "../otlp/message/refusals.ts";
import { type MappedTraces, SpanBatch } from "./span-batch.ts";

/** How much is read without a pause when pieces are asked for, bytes. */
const PAUSE_BYTES = 1 << 17;

/** A request of another format, span by span. */
export interface SpanSource {
  /** How far it was read, bytes. */
  readonly at: number;
  /** Bytes of what is repeated in each piece: what the spans share. */
  readonly sharedBytes: number;
  /** Whether it has a list of spans, be it an empty one. */
  readonly hasList: boolean;
  /**
   * Reads over all of it once, and is where it was: what comes after it throws nothing. Pauses every `bytes`.
   * @throws DecodeError for what cannot be told apart
   */
  check(bytes: number): Generator<undefined, void>;
  /**
   * Reads the next span, or refuses it; false at the end.
   * @throws DecodeError for what cannot be told apart
   */
  next(out: SpanBatch): boolean;
}

/**
 * The spans of a source as OTLP protobuf, all at once or in pieces. Each stands or falls by itself; what they are
 * mapped to is objects, so that a piece takes memory in proportion to its bytes.
 */
export class MappedBatch {
  readonly unknownFields: readonly string[] = [];
  readonly #source: SpanSource;
  readonly #batch: SpanBatch;

  constructor(source: SpanSource, refusals: Refusals) {
    this.#source = source;
    this.#batch = new SpanBatch(refusals);
  }

  get saysNothing(): boolean {
    return this.#source.hasList;
  }

  whole(): MappedTraces {
    while (this.#source.next(this.#batch));
    return this.#batch.take();
  }

  *pieces(bytes: number): Generator<MappedTraces | undefined, void> {
    const source = this.#source;
    yield* source.check(PAUSE_BYTES);
    let from = source.at;
    let pauseAt = from + PAUSE_BYTES;
    while (source.next(this.#batch)) {
      if (source.at - from > bytes + source.sharedBytes) {
        // Mapping was one half of the work, writing is the other.
        yield undefined;
        yield this.#batch.take();
        from = source.at;
      } else if (source.at > pauseAt) yield undefined;
      else continue;
      pauseAt = source.at + PAUSE_BYTES;
    }
    if (this.#batch.count > 0) yield this.#batch.take();
  }
}
