import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { batches } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { encodeSpan } from "../../codec/otlp/message/encode.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { Span } from "../../model/span.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { createTraceReader } from "../read/trace-reader.ts";
import { spanMeaning } from "./span-meaning.ts";

const { signal } = new AbortController();
const ALL: TraceQuery = { filter: { op: "all" }, limit: 10 };
const COMPLETE = spanWith({ attributes: [textAttribute("a", "1"), textAttribute("b", "2")] });
const OPEN = spanWith({ endTimeUnixNano: 0n, attributes: [textAttribute("a", "1")] });

/** What a reader gives of the one trace, sent in these requests. */
async function shown(...requests: readonly (readonly Span[])[]) {
  const source = new MemorySource();
  for (const [i, spans] of requests.entries()) {
    source.append([serviceWith("shop", spans)]);
    if (i % 2 === 1) source.roll();
  }
  const reader = createTraceReader(source);
  const trace = await reader.trace(hexToBytes(COMPLETE.traceId) as Uint8Array, signal);
  const [summary] = (await reader.find(ALL, signal)).traces;
  return { spans: trace.flatMap(fragmentRecords).map(({ span }) => span), summary };
}

/** Bytes of a span with its status written out, though it is empty, and a repeated default: what other encoders do. */
function writtenAnew(span: Span): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(encodeSpan({ ...span, attributes: span.attributes.toReversed() }));
  // Field 15, status, length 0; field 10, dropped_attributes_count, 0.
  return new Uint8Array(Buffer.concat([bytes, Buffer.from([0x7a, 0, 0x50, 0])]));
}

describe("a span that comes several times", () => {
  it.each([
    ["open, then complete", [[OPEN], [COMPLETE]]],
    ["complete, then open", [[COMPLETE], [OPEN]]],
    ["open twice, then complete, in one request", [[OPEN, { ...OPEN, attributes: [] }, COMPLETE]]],
    [
      "with its attributes in another order",
      [[COMPLETE], [{ ...COMPLETE, attributes: COMPLETE.attributes.toReversed() }]],
    ],
  ])("%s, is shown once, the complete one, and counted once", async (_, requests) => {
    const { spans, summary } = await shown(...requests);
    expect(spans).toEqual([COMPLETE]);
    expect(summary).toMatchObject({ spanCount: 1, matchedCount: 1 });
  });

  it("and is still open is shown as it was sent last", async () => {
    const later = { ...OPEN, attributes: [textAttribute("a", "1"), textAttribute("b", "2")] };
    const { spans, summary } = await shown([OPEN], [later]);
    expect(spans).toEqual([later]);
    expect(summary).toMatchObject({ spanCount: 1 });
  });

  it("is one span only where id and kind agree, and where it says the same", async () => {
    const others = [
      { ...COMPLETE, kind: 3 as const },
      { ...COMPLETE, name: "other" },
      { ...COMPLETE, attributes: [textAttribute("a", "1"), textAttribute("b", "3")] },
      { ...COMPLETE, endTimeUnixNano: COMPLETE.endTimeUnixNano + 1n },
      { ...OPEN, spanId: "2122232425262728" },
      { ...OPEN, kind: 4 as const },
    ];
    const { spans } = await shown([COMPLETE], others);
    expect(spans).toEqual([COMPLETE, ...others]);
  });

  it("in another encoding says the same, and in any other content it does not", () => {
    fc.assert(
      fc.property(batches, (data) => {
        const spans = data.flatMap((traces) => traces.flatMap(({ scopeSpans }) => scopeSpans.flatMap((s) => s.spans)));
        for (const span of spans) {
          const plain = encodeSpan(span);
          const keys = span.attributes.map(({ key }) => key);
          // Of several attributes of one key the first counts: their order says something.
          if (new Set(keys).size < keys.length) continue;
          const anew = writtenAnew(span);
          if (span.status.code !== 0 || span.status.message !== "" || span.droppedAttributesCount !== 0) continue;
          expect(spanMeaning(anew, 0, anew.length)).toBe(spanMeaning(plain, 0, plain.length));
          const other = encodeSpan({ ...span, attributes: [...span.attributes, textAttribute("one more", "")] });
          expect(spanMeaning(other, 0, other.length)).not.toBe(spanMeaning(plain, 0, plain.length));
        }
      }),
      { numRuns: 200 },
    );
  });
});
