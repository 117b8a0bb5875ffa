import { describe, expect, it } from "vitest";
import {
  batchOf,
  FIXTURES,
  type OtlpSpan,
  readFacts,
  readFixture,
  toModel,
} from "../../../test/support/query/fixture-traces.ts";
import { MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND_NAMES, SPAN_MARK } from "../../model/span.ts";
import { encodeTraceColumns } from "./columns.ts";
import {
  COLUMN_MARK,
  columnIdHex,
  decodeTraceColumns,
  PARENT_MISSING,
  PARENT_NONE,
  rowDuration,
  rowStart,
  type TraceColumns,
  traceDuration,
} from "./columns-format.ts";
import { buildTraceTree } from "./trace-tree.ts";

const TRACE = "000102030405060708090a0b0c0d0e0f";

interface Sketch extends Partial<OtlpSpan> {
  id: number;
  parent?: number;
  start?: number;
  end?: number;
  service?: string;
}

const hex = (id: number) => id.toString(16).padStart(16, "0");

/** One batch a list: spans of trace TRACE, times in ns after BASE. */
const BASE = 1_795_392_039_440_000_001n;
function fragments(...batches: Sketch[][]): LogFragment[] {
  return batches.map((sketches) => {
    const batch = batchOf(
      toModel({
        resourceSpans: sketches.map(({ id, parent, start = 0, end = start + 1, service = "s", ...rest }) => ({
          resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: TRACE,
                  spanId: hex(id),
                  ...(parent === undefined ? {} : { parentSpanId: hex(parent) }),
                  name: `n${id}`,
                  kind: 1,
                  startTimeUnixNano: String(BASE + BigInt(start)),
                  endTimeUnixNano: String(BASE + BigInt(end)),
                  ...rest,
                },
              ],
            },
          ],
        })),
      }),
    );
    return { block: batch, rows: sketches.map((_, row) => row) };
  });
}

function columnsOf(list: LogFragment[]): TraceColumns {
  const bytes = encodeTraceColumns(hexToBytes(TRACE) as Uint8Array, list, buildTraceTree(list));
  return decodeTraceColumns(bytes.buffer);
}

const ids = (columns: TraceColumns) =>
  Array.from({ length: columns.count }, (_, row) => Number.parseInt(columnIdHex(columns.spanIds, row * 8, 8), 16));

describe("order", () => {
  it("is pre-order, children by start and then as stored, across batches", () => {
    const columns = columnsOf(
      fragments(
        [
          { id: 5, parent: 2, start: 20 },
          { id: 4, parent: 1, start: 10 },
          { id: 3, parent: 1, start: 10 },
        ],
        [
          { id: 2, parent: 1, start: 5 },
          { id: 1, start: 0, end: 100 },
        ],
      ),
    );
    expect(ids(columns)).toEqual([1, 2, 5, 4, 3]);
    expect([...columns.parent]).toEqual([PARENT_NONE, 0, 1, 0, 0]);
    expect([...columns.start]).toEqual([0, 5, 20, 10, 10]);
    expect(columns.baseStartNano).toBe(BASE);
    expect(columns.durationNano).toBe(100);
    expect(columns.traceId).toBe(TRACE);
  });

  it("puts several roots and orphans by start, and keeps the id of a missing parent", () => {
    const columns = columnsOf(
      fragments([
        { id: 1, start: 50 },
        { id: 3, parent: 2, start: 60 },
        { id: 2, parent: 99, start: 10 },
        { id: 4, parent: 98, start: 70 },
      ]),
    );
    expect(ids(columns)).toEqual([2, 3, 1, 4]);
    expect([...columns.parent]).toEqual([PARENT_MISSING, 0, PARENT_NONE, PARENT_MISSING]);
    expect([...columns.missingRows]).toEqual([0, 3]);
    expect([0, 1].map((i) => columnIdHex(columns.missingParentIds, i * 8, 8))).toEqual([hex(99), hex(98)]);
  });

  it("breaks cycles at their earliest span and marks it", () => {
    const columns = columnsOf(
      fragments([
        { id: 1, parent: 3, start: 30 },
        { id: 2, parent: 1, start: 10 },
        { id: 3, parent: 2, start: 20 },
        { id: 4, parent: 4, start: 40 },
        { id: 5, parent: 1, start: 50 },
      ]),
    );
    expect(ids(columns)).toEqual([2, 3, 1, 5, 4]);
    expect([...columns.parent]).toEqual([PARENT_NONE, 0, 1, 2, PARENT_NONE]);
    expect([...columns.marks]).toEqual([COLUMN_MARK.cycle, 0, 0, 0, COLUMN_MARK.cycle]);
  });

  it("shows one of several spans of an id and kind, marked, and says how many it left out", () => {
    const columns = columnsOf(
      fragments(
        [
          { id: 1, start: 0 },
          { id: 2, parent: 1, start: 1, name: "first" },
        ],
        [
          { id: 2, parent: 1, start: 1, name: "second" },
          { id: 2, parent: 1, start: 1, name: "third" },
        ],
      ),
    );
    expect(ids(columns)).toEqual([1, 2]);
    expect(columns.collapsedDuplicates).toBe(2);
    expect([...columns.marks]).toEqual([0, COLUMN_MARK.duplicate]);
    expect(columns.names[columns.name[1] as number]).toBe("first");
  });

  it("puts a server span that shares its client's id below it, and children below the span of their service", () => {
    const columns = columnsOf(
      fragments([
        { id: 2, parent: 1, start: 10, kind: 2, service: "back" },
        { id: 2, parent: 1, start: 10, kind: 3, service: "front" },
        { id: 3, parent: 2, start: 20, service: "back" },
        { id: 4, parent: 2, start: 20, service: "front" },
        { id: 5, parent: 2, start: 20, service: "elsewhere" },
        { id: 1, start: 0, service: "front" },
      ]),
    );
    const shown = ids(columns).map((id, row) => [id, SPAN_KIND_NAMES[columns.kind[row] as 0], columns.parent[row]]);
    expect(shown).toEqual([
      [1, "internal", PARENT_NONE],
      [2, "client", 0],
      [2, "server", 1],
      [3, "internal", 2],
      [5, "internal", 2],
      [4, "internal", 1],
    ]);
  });

  it("takes chains of any depth", () => {
    const depth = 10_000;
    const chain = Array.from({ length: depth }, (_, i) => ({ id: i + 1, ...(i === 0 ? {} : { parent: i }), start: 7 }));
    const columns = columnsOf(fragments(chain.reverse()));
    expect(columns.count).toBe(depth);
    expect(columns.parent.every((parent, row) => parent === row - 1)).toBe(true);
  });
});

describe("values", () => {
  it("keeps negative durations, leaves impossible times out of the base, and marks both", () => {
    const columns = columnsOf(
      fragments([
        { id: 1, start: 0, end: 50 },
        { id: 2, parent: 1, start: 40, end: 10 },
        { id: 3, parent: 1, startTimeUnixNano: "0", endTimeUnixNano: "0" },
      ]),
    );
    expect(ids(columns)).toEqual([1, 3, 2]);
    expect([...columns.duration]).toEqual([50, 0, -30]);
    expect(columns.baseStartNano).toBe(BASE);
    expect(columns.durationNano).toBe(50);
    expect([...columns.marks]).toEqual([0, SPAN_MARK.impossibleTime, SPAN_MARK.negativeDuration]);
  });

  it("has no duration, start or length of what has an impossible time, alone or among others", () => {
    const last = String(2n ** 64n - 1n);
    const one = { id: 1, startTimeUnixNano: String(BASE), endTimeUnixNano: last };
    const alone = columnsOf(fragments([one]));
    expect([rowDuration(alone, 0), rowStart(alone, 0), traceDuration(alone)]).toEqual([undefined, 0, undefined]);
    const never = columnsOf(fragments([{ id: 1, startTimeUnixNano: last, endTimeUnixNano: last }]));
    expect([never.baseStartNano, rowStart(never, 0), traceDuration(never)]).toEqual([0n, undefined, undefined]);
    const among = columnsOf(
      fragments([
        { id: 1, start: 0, end: 50 },
        { id: 2, parent: 1, startTimeUnixNano: last, endTimeUnixNano: last },
        { id: 3, parent: 1, startTimeUnixNano: "7000000000" },
      ]),
    );
    const row = (id: number) => ids(among).indexOf(id);
    expect([rowDuration(among, row(2)), rowStart(among, row(2))]).toEqual([undefined, undefined]);
    // From 1970 to today is no length.
    expect(rowDuration(among, row(3))).toBeUndefined();
    expect([rowDuration(among, row(1)), traceDuration(among)]).toEqual([50, 50]);
  });

  it("counts parts, up to 65535", () => {
    const attributes = (n: number) =>
      Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: { boolValue: true } }));
    const time = { timeUnixNano: String(BASE) };
    const link = { traceId: TRACE, spanId: hex(9) };
    const columns = columnsOf(
      fragments([
        { id: 1, attributes: attributes(3), events: [{ ...time, attributes: attributes(5) }, time], links: [link] },
        { id: 2, parent: 1, attributes: attributes(70_000) },
        { id: 3, parent: 1, flags: 0x301, traceState: "a=b", status: { code: 2, message: "m" }, droppedLinksCount: 7 },
      ]),
    );
    expect([...columns.attributeCount]).toEqual([3, 65_535, 0]);
    expect([...columns.eventCount]).toEqual([2, 0, 0]);
    expect([...columns.linkCount]).toEqual([1, 0, 0]);
    expect([...columns.status]).toEqual([0, 0, 2]);
  });

  it("keeps names apart from services, whatever is in them", () => {
    const odd = "</script>\u0000\u202e\u{1f600}";
    const columns = columnsOf(
      fragments([
        { id: 1, name: odd, service: odd },
        { id: 2, parent: 1, name: "" },
      ]),
    );
    expect(columns.services).toEqual([odd, "s"]);
    expect(columns.names).toEqual([odd, ""]);
    expect([...columns.service]).toEqual([0, 1]);
  });
});

describe("recorded traces", () => {
  const facts = readFacts();
  for (const name of FIXTURES) {
    it(`agrees with the facts of every trace of ${name}`, async () => {
      const requests = readFixture(name);
      const spans = new Map(
        requests.flatMap((request) =>
          request.resourceSpans.flatMap((it) =>
            it.scopeSpans.flatMap((scope) =>
              scope.spans.map((span) => [`${span.traceId}${span.spanId}`, span] as const),
            ),
          ),
        ),
      );
      const reader = new MemoryReader(requests.map((request) => batchOf(toModel(request))));
      for (const fact of facts[name].allTraces) {
        const list = [...(await reader.trace(hexToBytes(fact.traceId) as Uint8Array))];
        const bytes = encodeTraceColumns(hexToBytes(fact.traceId) as Uint8Array, list, buildTraceTree(list));
        const columns = decodeTraceColumns(bytes.buffer);
        expect(columns.count).toBe(fact.spans);
        expect(columns.baseStartNano).toBe(BigInt(fact.startTimeUnixNano));
        expect(columns.durationNano).toBe(Number(fact.durationNano));
        expect(columns.status.filter((code) => code === 2).length).toBe(fact.errors);
        expect(sum(columns.eventCount)).toBe(fact.events);
        expect(sum(columns.linkCount)).toBe(fact.links);
        expect(depthOf(columns)).toBe(fact.depth);
        const roots = Array.from(columns.parent.keys())
          .filter((row) => (columns.parent[row] as number) < 0)
          .map((row) => ({
            name: columns.names[columns.name[row] as number],
            service: columns.services[columns.service[row] as number],
            kind: SPAN_KIND_NAMES[columns.kind[row] as 0].toUpperCase(),
            spanId: columnIdHex(columns.spanIds, row * 8, 8),
            durationNano: String(columns.duration[row]),
          }));
        const wanted = fact.roots.map(({ name, service, kind, spanId, durationNano }) => ({
          name,
          service,
          kind,
          spanId,
          durationNano,
        }));
        expect(roots.sort(bySpanId)).toEqual(wanted.sort(bySpanId));
        for (let row = 0; row < columns.count; row++) {
          const span = spans.get(fact.traceId + columnIdHex(columns.spanIds, row * 8, 8)) as OtlpSpan;
          expect(columns.attributeCount[row]).toBe(span.attributes?.length ?? 0);
          expect(columns.baseStartNano + BigInt(columns.start[row] as number)).toBe(BigInt(span.startTimeUnixNano));
          const parent = columns.parent[row] as number;
          if (parent >= 0) expect(columnIdHex(columns.spanIds, parent * 8, 8)).toBe(span.parentSpanId);
        }
      }
    });
  }
});

it("holds for 100,000 spans", () => {
  const count = 100_000;
  const sketches = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    ...(i === 0 ? {} : { parent: Math.floor((i - 1) / 3) + 1 }),
    start: (i * 7919) % 1_000_003,
    service: `service-${i % 7}`,
    name: `operation ${i % 50}`,
    attributes: [{ key: "a", value: {} }],
  }));
  const batches = Array.from({ length: 10 }, (_, b) => sketches.slice(b * 10_000, (b + 1) * 10_000));
  const list = fragments(...batches);
  const columns = columnsOf(list);
  expect(columns.count).toBe(count);
  expect(new Set(ids(columns)).size).toBe(count);
  expect(columns.attributeCount.every((n) => n === 1)).toBe(true);
  expect(columns.parent.every((parent, row) => parent < row)).toBe(true);
  const size = subtreeEnds(columns);
  expect(columns.parent.every((parent, row) => parent < 0 || row < (size[parent] as number))).toBe(true);
});

describe("decoding", () => {
  const good = () => encodeTraceColumns(hexToBytes(TRACE) as Uint8Array, fragments([{ id: 1 }]), tree()).buffer;
  const tree = () => buildTraceTree(fragments([{ id: 1 }]));

  it("refuses what is no whole message of this version", () => {
    expect(() => decodeTraceColumns(new ArrayBuffer(10))).toThrow("10 bytes, expected at least 72");
    expect(() => decodeTraceColumns(good().slice(0, -1))).toThrow("for 1 spans");
    const version = good();
    new DataView(version).setUint16(4, 3, true);
    expect(() => decodeTraceColumns(version)).toThrow("version 3, expected 2");
    const magic = good();
    new DataView(magic).setUint8(0, 0);
    expect(() => decodeTraceColumns(magic)).toThrow("magic");
  });
});

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function depthOf(columns: TraceColumns): number {
  const depth: number[] = [];
  for (const parent of columns.parent) depth.push(parent < 0 ? 1 : (depth[parent] as number) + 1);
  return Math.max(...depth);
}

/** Row after the last descendant of each row. */
function subtreeEnds(columns: TraceColumns): Uint32Array {
  const ends = Uint32Array.from(columns.parent, (_, row) => row + 1);
  for (let row = columns.count - 1; row > 0; row--) {
    const parent = columns.parent[row] as number;
    if (parent >= 0) ends[parent] = Math.max(ends[parent] as number, ends[row] as number);
  }
  return ends;
}

function bySpanId(a: { spanId: string }, b: { spanId: string }): number {
  return a.spanId < b.spanId ? -1 : 1;
}

describe("labels and events", () => {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const columns = columnsOf(
    fragments([
      {
        id: 1,
        end: 100,
        attributes: [text("shop.sku", "desk-22"), text("http.request.method", "GET"), text("http.route", "/a")],
      },
      {
        id: 2,
        parent: 1,
        start: 1,
        attributes: [{ key: "http.response.status_code", value: { intValue: "503" } }, text("http.route", "/a")],
      },
      {
        id: 3,
        parent: 1,
        start: 2,
        events: [
          { timeUnixNano: String(BASE + 20n), name: "exception" },
          { timeUnixNano: "0", name: "never" },
          { timeUnixNano: String(BASE - 5n), name: "exceptional" },
        ],
      },
      { id: 4, parent: 1, start: 3, attributes: [text("http.request.method", "GET"), text("http.route", "/a")] },
      {
        id: 5,
        parent: 1,
        start: 4,
        events: Array.from({ length: 40 }, () => ({ timeUnixNano: String(BASE + 9n), name: "e" })),
      },
    ]),
  );

  it("are those of each row, a label once for all that have it", () => {
    expect(Array.from(columns.label, (label) => (label === 0 ? "" : columns.labels[label - 1]))).toEqual([
      "GET\t/a\t",
      "\t/a\t503",
      "",
      "GET\t/a\t",
      "",
    ]);
    expect(columns.labels).toHaveLength(2);
    expect(columns.names).toEqual(["n1", "n2", "n3", "n4", "n5"]);
  });

  it("are by their times, the first of each span", () => {
    const told = Array.from(columns.eventRow, (row, i) => [row, columns.eventTime[i], columns.eventIsException[i]]);
    expect(told.slice(0, 2)).toEqual([
      [2, 20, 1],
      [2, -5, 0],
    ]);
    expect(told.slice(2)).toEqual(Array.from({ length: 32 }, () => [4, 9, 0]));
    expect([...columns.eventCount]).toEqual([0, 0, 3, 0, 40]);
  });
});
