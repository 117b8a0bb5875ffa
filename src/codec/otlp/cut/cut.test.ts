import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../../test/support/otlp-spans.ts";
import { recordedBodies } from "../../../../test/support/recorded-bodies.ts";
import { bytesToHex } from "../../../model/ids.ts";
import type { LogBlock } from "../../../model/log.ts";
import type { TracesData } from "../../../model/span.ts";
import {
  appliedThreshold,
  NO_THRESHOLD,
  nameOf,
  receivedThreshold,
  type SpanColumns,
  type SpanGroup,
  serviceOf,
} from "../../../model/span-columns.ts";
import { decodeTraces } from "../message/decode.ts";
import { encodeTraces } from "../message/encode.ts";
import { fragmentRecords } from "../message/fragment-records.ts";
import { TraceScanner } from "../scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../scan/scan-result.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { cutBody } from "./cut.ts";
import { materialiseBody } from "./materialise.ts";

const BODIES = recordedBodies()
  .filter((entry) => entry.format === "protobuf")
  .map((entry) => entry.bytes);

function scan(body: Uint8Array): SpanColumns {
  return new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body).columns;
}

/** What cutting must give, by way of objects. */
function cutObjects(data: TracesData, rows: readonly number[]): TracesData {
  let row = 0;
  return data
    .map((entry) => ({
      ...entry,
      scopeSpans: entry.scopeSpans
        .map((scope) => ({ ...scope, spans: scope.spans.filter(() => rows.includes(row++)) }))
        .filter((scope) => scope.spans.length > 0),
    }))
    .filter((entry) => entry.scopeSpans.length > 0);
}

/** A row as text, whatever the pools it points into look like. */
function describeRow(columns: SpanColumns, row: number): unknown {
  const group = columns.groups[columns.groupIndex[row] as number] as SpanGroup;
  return {
    trace: bytesToHex(columns.traceIds, (columns.traceIndex[row] as number) * 16, 16),
    span: bytesToHex(columns.spanIds, row * 8, 8),
    parent: bytesToHex(columns.parentIds, row * 8, 8),
    name: nameOf(columns, row),
    service: serviceOf(columns, row),
    threshold: appliedThreshold(columns, row),
    cells: [
      columns.kind,
      columns.status,
      columns.marks,
      columns.startLow,
      columns.startHigh,
      columns.endLow,
      columns.endHigh,
      columns.spanStart,
      columns.spanEnd,
    ].map((column) => column[row]),
    group: [group.resourceSpansStart, group.resourceSpansEnd, group.scopeSpansStart, group.scopeSpansEnd],
  };
}

function allRows(columns: SpanColumns): number[] {
  return Array.from({ length: columns.count }, (_, row) => row);
}

describe("cutBody", () => {
  it("holds the chosen spans and nothing else, with columns as a scan of the new body gives them", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(BODIES.length - 1),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (seed, index, p) => {
          const body = BODIES[index] as Uint8Array;
          const columns = scan(body);
          const rows = allRows(columns).filter((row) => ((row * 2_654_435_761 + seed) % 1000) / 1000 < p);
          const cut = cutBody(body, columns, rows);
          expect(decodeTraces(cut.body)).toEqual(cutObjects(decodeTraces(body), rows));
          const scanned = scan(cut.body);
          expect(cut.columns.count).toBe(rows.length);
          expect(cut.columns.groups.length).toBe(scanned.groups.length);
          expect(cut.columns.traceIds.length).toBe(scanned.traceIds.length);
          expect([...cut.columns.strings].sort()).toEqual([...scanned.strings].sort());
          for (const row of allRows(scanned)) expect(describeRow(cut.columns, row)).toEqual(describeRow(scanned, row));
        },
      ),
      { numRuns: 120 },
    );
  });

  it("gives an empty body for no rows", () => {
    const body = BODIES[0] as Uint8Array;
    const cut = cutBody(body, scan(body), []);
    expect(cut.body.length).toBe(0);
    expect(cut.columns.count).toBe(0);
  });

  it("keeps unknown fields and thresholds", () => {
    const w = new WireWriter();
    const resourceSpans = w.open(0x0a);
    w.text(0x3a2, "unknown in ResourceSpans");
    const scopeSpans = w.open(0x12);
    for (const name of ["a", "b", "c"]) {
      const span = w.open(0x12);
      w.text(0x2a, name);
      w.close(span);
      w.text(0x3a2, `after ${name}`);
    }
    w.close(scopeSpans);
    w.text(0x1a, "https://schema");
    w.close(resourceSpans);
    const body = w.finish();
    const columns = scan(body);
    const strings = [...columns.strings, "c", "8"];
    const thresholdIndex = Uint16Array.of(NO_THRESHOLD, strings.length - 2, strings.length - 1);
    const cut = cutBody(body, { ...columns, strings, thresholdIndex }, [0, 2]);
    const text = Buffer.from(cut.body).toString("latin1");
    for (const kept of ["unknown in ResourceSpans", "after a", "after b", "after c", "https://schema"]) {
      expect(text).toContain(kept);
    }
    expect(allRows(cut.columns).map((row) => nameOf(cut.columns, row))).toEqual(["a", "c"]);
    expect(allRows(cut.columns).map((row) => appliedThreshold(cut.columns, row))).toEqual([undefined, "8"]);
    expect(cutBody(body, { ...columns, strings, thresholdIndex }, [0]).columns.thresholdIndex).toBeUndefined();
  });

  it("says so when columns and body do not belong together", () => {
    const columns = scan(encodeTraces([serviceWith("a", [spanWith(), spanWith()])]));
    const other = encodeTraces([serviceWith("a", [spanWith({ name: "another longer name" }), spanWith()])]);
    expect(() => cutBody(other, columns, [0])).toThrow();
  });
});

function batch(body: Uint8Array, threshold?: string): LogBlock {
  const columns = scan(body);
  const strings = threshold === undefined ? columns.strings : [...columns.strings, threshold];
  const thresholdIndex = new Uint16Array(columns.count).fill(strings.length - 1);
  if (columns.count > 1) thresholdIndex[0] = NO_THRESHOLD;
  return {
    next: { segment: 1, block: 1 },
    receivedAtMs: 0,
    body,
    columns: threshold === undefined ? columns : { ...columns, strings, thresholdIndex },
  };
}

describe("materialiseBody and fragmentRecords", () => {
  const spans = [
    spanWith({ name: "first", traceState: "a=1,ot=rv:1234567890abcd" }),
    spanWith({ name: "second", traceState: "a=1,ot=rv:1234567890abcd;th:4" }),
    spanWith({ name: "third" }),
  ];
  const body = encodeTraces([serviceWith("shop", spans)]);

  it("hands on a whole batch without a copy", () => {
    expect(materialiseBody([{ block: batch(body), rows: [0, 1, 2] }])).toBe(body);
    expect(materialiseBody([{ block: batch(body, receivedThreshold("8")), rows: [0, 1, 2] }])).toBe(body);
  });

  it("joins fragments, leaves out rows and writes thresholds into the trace state alone", () => {
    const joined = materialiseBody([
      { block: batch(body, "c"), rows: [0, 1, 2] },
      { block: batch(body), rows: [] },
      { block: batch(body), rows: [2] },
    ]);
    const found = decodeTraces(joined).flatMap((entry) => entry.scopeSpans[0]?.spans ?? []);
    expect(found).toEqual([
      spans[0],
      { ...spans[1], traceState: "ot=th:c;rv:1234567890abcd,a=1" },
      { ...spans[2], traceState: "ot=th:c" },
      spans[2],
    ]);
  });

  it("gives records that say the same", () => {
    const records = fragmentRecords({ block: batch(body, "c"), rows: [1, 2] });
    expect(records.map((record) => record.span.traceState)).toEqual(["ot=th:c;rv:1234567890abcd,a=1", "ot=th:c"]);
    expect(records.map((record) => [record.service, record.scope.name, record.marks])).toEqual([
      ["shop", "test", 0],
      ["shop", "test", 0],
    ]);
  });

  it("erases a threshold, and the member that it leaves empty, in bodies and in records", () => {
    const lying = [
      spanWith({ traceState: "ot=th:4" }),
      spanWith({ traceState: "a=1,ot=rv:1234567890abcd;th:4" }),
      spanWith({ traceState: "ot=th:4" }),
    ];
    const states = ["ot=th:4", "ot=rv:1234567890abcd,a=1", ""];
    const fragment = { block: batch(encodeTraces([serviceWith("shop", lying)]), ""), rows: [0, 1, 2] };
    const found = decodeTraces(materialiseBody([fragment])).flatMap((entry) => entry.scopeSpans[0]?.spans ?? []);
    expect(found).toEqual(lying.map((span, i) => ({ ...span, traceState: states[i] })));
    expect(fragmentRecords(fragment).map((record) => record.span.traceState)).toEqual(states);
  });

  it("pads ids in records", () => {
    const short = encodeTraces([serviceWith("shop", [spanWith({ traceId: "ab", spanId: "cd", parentSpanId: "ef" })])]);
    const [record] = fragmentRecords({ block: batch(short), rows: [0] });
    expect(record?.span.traceId).toBe("ab".padStart(32, "0"));
    expect(record?.span.spanId).toBe("cd".padStart(16, "0"));
    expect(record?.span.parentSpanId).toBe("ef".padStart(16, "0"));
  });
});
