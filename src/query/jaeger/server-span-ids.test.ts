import { expect, it } from "vitest";
import { batchOf, type OtlpSpan, toModel } from "../../../test/support/query/fixture-traces.ts";
import { JsonWriter } from "../json-writer.ts";
import { JaegerTraceJson } from "./trace-json.ts";

const TRACE = "7".repeat(32);
const hex = (id: number) => id.toString(16).padStart(16, "0");

/** [id, parent, kind] of each span as Jaeger's form shows it. */
function shown(raw: boolean, ...spans: [id: number, parent: number, kind: number][]) {
  const batch = batchOf(
    toModel({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: spans.map(
                ([id, parent, kind]): OtlpSpan => ({
                  traceId: TRACE,
                  spanId: hex(id),
                  ...(parent === 0 ? {} : { parentSpanId: hex(parent) }),
                  kind,
                  startTimeUnixNano: "1795392039440000000",
                  endTimeUnixNano: "1795392039440000000",
                }),
              ),
            },
          ],
        },
      ],
    }),
  );
  const writer = new JsonWriter();
  new JaegerTraceJson(writer).write(TRACE, [{ block: batch, rows: spans.map((_, row) => row) }], raw);
  const trace = JSON.parse(new TextDecoder().decode(writer.finish())) as {
    spans: { spanID: string; references: { refType: string; spanID: string }[]; warnings: string[] | null }[];
  };
  return trace.spans.map(({ spanID, references }) => [
    Number.parseInt(spanID, 16),
    references.length === 0 ? 0 : Number.parseInt(references[0]?.spanID as string, 16),
  ]);
}

it("gives a server span that shares its client's id an unused id below the client, and moves children to it", () => {
  expect(shown(false, [1, 0, 2], [5, 1, 3], [5, 1, 2], [6, 5, 1], [7, 6, 1])).toEqual([
    [1, 0],
    [5, 1],
    [8, 5],
    [6, 8],
    [7, 6],
  ]);
});

it("leaves ids alone where asked for raw, and where no client and server share one", () => {
  expect(shown(true, [5, 0, 3], [5, 0, 2], [6, 5, 1])).toEqual([
    [5, 0],
    [5, 0],
    [6, 5],
  ]);
  expect(shown(false, [5, 0, 3], [6, 5, 2], [6, 5, 1])).toEqual([
    [5, 0],
    [6, 5],
    [6, 5],
  ]);
});
