import { SPAN_MARK } from "../../model/span.ts";
import type { SpanBatch } from "../mapping/span-batch.ts";
import { fromV1, looksLikeV1 } from "./from-v1.ts";
import { fromZipkinSpan } from "./from-zipkin.ts";
import type { ZipkinSpanFields } from "./read-span.ts";

/** Adds what was read of one span, two where v1 had a client and a server in one, and counts what was left out. */
export function addZipkinSpan(out: SpanBatch, fields: ZipkinSpanFields): void {
  const { droppedTags, droppedAnnotations } = fields;
  const dropped = droppedTags + droppedAnnotations > 0;
  for (const zipkin of looksLikeV1(fields) ? fromV1(fields) : [fields.toV2()]) {
    const placed = fromZipkinSpan(zipkin);
    if (!dropped) {
      out.add(placed, fields.marks);
      continue;
    }
    const { span } = placed;
    const counted = {
      ...span,
      droppedAttributesCount: span.droppedAttributesCount + droppedTags,
      droppedEventsCount: span.droppedEventsCount + droppedAnnotations,
    };
    out.add({ ...placed, span: counted }, fields.marks | SPAN_MARK.mended);
  }
}
