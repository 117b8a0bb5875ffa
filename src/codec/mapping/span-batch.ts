import type { Span, TracesData } from "../../model/span.ts";
import { encodeTraces } from "../otlp/message/encode.ts";
import type { Refused } from "../otlp/message/id-faults.ts";
import type { Refusals } from "../otlp/message/refusals.ts";
import { type PlacedSpan, toTracesData } from "./placed-span.ts";

/** Protobuf with spans of another format. Limits are not applied yet. */
export interface MappedTraces {
  /** A TracesData message. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Bits of SPAN_MARK for each span of the body, in its order: what was changed on the way. */
  readonly given: Uint8Array;
}

/** Spans of another format as they are read, one by one. */
export class SpanBatch {
  readonly #refusals: Refusals;
  #placed: PlacedSpan[] = [];
  /** Of the few that have some. */
  #marks = new Map<Span, number>();

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  get count(): number {
    return this.#placed.length;
  }

  /** @param marks bits of SPAN_MARK */
  add(placed: PlacedSpan, marks: number): void {
    this.#placed.push(placed);
    if (marks !== 0) this.#marks.set(placed.span, marks);
  }

  /** @param example place and fault: `spans[3].traceId: expected …, found …` */
  refuse(reason: Refused, example: () => string): void {
    this.#refusals.refuse(reason, example);
  }

  /** What was added. */
  traces(): TracesData {
    return toTracesData(this.#placed);
  }

  /** What was added, as protobuf; the batch is empty then. */
  take(): MappedTraces {
    const traces = this.traces();
    const given = new Uint8Array(this.#placed.length);
    if (this.#marks.size > 0) {
      let row = 0;
      for (const { scopeSpans } of traces) {
        for (const { spans } of scopeSpans) for (const span of spans) given[row++] = this.#marks.get(span) ?? 0;
      }
    }
    this.#placed = [];
    this.#marks = new Map();
    return { body: encodeTraces(traces), given };
  }
}
