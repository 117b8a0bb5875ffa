import { readFileSync } from "node:fs";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../src/codec/otlp/scan/scan-result.ts";
import type { LogFragment } from "../../src/model/log.ts";
import type { TracesData } from "../../src/model/span.ts";

export { testHost } from "./host.ts";

/** A body as a row of the log, all spans of it. */
export function fragmentOf(body: Uint8Array, row = 0): LogFragment {
  const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
  return {
    block: { next: { segment: 0, block: row + 1 }, receivedAtMs: 0, body, columns },
    rows: Array.from({ length: columns.count }, (_, index) => index),
  };
}

/** The requests of a recorded fixture as rows of the log, the first `most` of them. */
export function fixtureFragments(name: "node-shop" | "python-shop" | "telemetrygen", most: number): LogFragment[] {
  const path = new URL(`../fixtures/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean).slice(0, most);
  return lines.map((line, row) => fragmentOf(encodeTraces(jsonToTraces(Buffer.from(line))), row));
}

/** A fragment of one span for each name, all of one service. */
export function fragmentOfNames(names: readonly string[], service = "shop"): LogFragment {
  const data: TracesData = [
    {
      resource: {
        attributes: [{ key: "service.name", value: { type: "string", value: service } }],
        droppedAttributesCount: 0,
        entityRefs: [],
      },
      schemaUrl: "",
      scopeSpans: [
        {
          scope: { name: "lib", version: "1", attributes: [], droppedAttributesCount: 0 },
          schemaUrl: "",
          spans: names.map((name, index) => ({
            traceId: "0af7651916cd43dd8448eb211c80319c",
            spanId: (index + 1).toString(16).padStart(16, "0"),
            parentSpanId: "",
            traceState: "",
            flags: 0x101,
            name,
            kind: 2,
            startTimeUnixNano: 1_700_000_000_000_000_000n,
            endTimeUnixNano: 1_700_000_000_012_345_678n,
            attributes: [{ key: "n", value: { type: "int", value: 2n ** 60n } }],
            droppedAttributesCount: 0,
            events: [],
            droppedEventsCount: 0,
            links: [],
            droppedLinksCount: 0,
            status: { code: 2, message: "boom" },
          })),
        },
      ],
    },
  ];
  return fragmentOf(encodeTraces(data));
}
