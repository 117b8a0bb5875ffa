import type { LogFragment } from "../../../model/log.ts";
import type { Span, SpanRecord } from "../../../model/span.ts";
import { appliedThreshold } from "../../../model/span-columns.ts";
import { type DecodedGroup, decodeGroup, decodeSpan } from "./decode.ts";
import { withThreshold } from "./trace-state.ts";

/**
 * The spans of a fragment as records, in row order, as readers and exporters should see them: ids at full length and
 * the sampling threshold of the row in the trace state. Throws DecodeError where the body is damaged.
 */
export function fragmentRecords(fragment: LogFragment): SpanRecord[] {
  const { body, columns } = fragment.block;
  const groups = new Map<number, DecodedGroup>();
  return fragment.rows.map((row) => {
    const index = columns.groupIndex[row] as number;
    let group = groups.get(index);
    if (group === undefined) {
      group = decodeGroup(body, columns, index);
      groups.set(index, group);
    }
    const span = decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number);
    return { ...group, span: finished(span, appliedThreshold(columns, row)), marks: columns.marks[row] as number };
  });
}

function finished(span: Span, threshold: string | undefined): Span {
  const full =
    span.traceId.length === 32 && span.spanId.length === 16 && (span.parentSpanId.length | 16) === 16
      ? span
      : {
          ...span,
          traceId: span.traceId.padStart(32, "0"),
          spanId: span.spanId.padStart(16, "0"),
          parentSpanId: span.parentSpanId === "" ? "" : span.parentSpanId.padStart(16, "0"),
        };
  return threshold === undefined ? full : { ...full, traceState: withThreshold(full.traceState, threshold) };
}
