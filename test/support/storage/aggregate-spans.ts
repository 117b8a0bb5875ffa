import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../../src/codec/otlp/scan/scan-result.ts";
import type { Span, TracesData } from "../../../src/model/span.ts";
import { NO_THRESHOLD, type SpanColumns } from "../../../src/model/span-columns.ts";
import { serviceWith, spanWith } from "../otlp-spans.ts";

/** A full hour. */
export const START_MS = 1_795_392_000_000;
export const START = BigInt(START_MS) * 1_000_000n;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What aggregates take of a row of the log. */
export interface CountedRow {
  readonly columns: SpanColumns;
  /** ms since the epoch. */
  readonly receivedAtMs: number;
}

export function rowOf(traces: TracesData, receivedAtMs = START_MS): CountedRow {
  return { columns: new TraceScanner(DEFAULT_SCAN_LIMITS).scan(encodeTraces(traces)).columns, receivedAtMs };
}

export type GivenSpan = readonly [service: string, id: number, parent: number, more?: Partial<Span>];

/** The id of a span; 0 is none. */
export function idOf(number: number): string {
  return number === 0 ? "" : number.toString(16).padStart(16, "0");
}

/** Spans of one trace, each of an own resource, that begin at START and take 5 ns; parent 0 is a root. */
export function spans(list: readonly GivenSpan[], receivedAtMs?: number): CountedRow {
  return rowOf(
    list.map(([service, id, parent, more]) =>
      serviceWith(service, [
        spanWith({
          traceId: "1".repeat(32),
          spanId: idOf(id),
          parentSpanId: idOf(parent),
          name: "work",
          kind: 1,
          startTimeUnixNano: START,
          endTimeUnixNano: START + 5n,
          ...more,
        }),
      ]),
    ),
    receivedAtMs,
  );
}

/** The row with thresholds as the column holds them; undefined for none. */
export function withThresholds(row: CountedRow, list: readonly (string | undefined)[]): CountedRow {
  const { columns } = row;
  const strings = [...columns.strings];
  const thresholdIndex = Uint16Array.from(list, (threshold) =>
    threshold === undefined ? NO_THRESHOLD : strings.push(threshold) - 1,
  );
  return { ...row, columns: { ...columns, strings, thresholdIndex } };
}
