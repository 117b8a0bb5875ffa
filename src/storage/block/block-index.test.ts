import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SpanColumns } from "../../model/span-columns.ts";
import { decodeBlockIndex, encodeBlockIndex } from "./block-index.ts";

const u32 = (count: number, max = 0xffffffff) => fc.uint32Array({ minLength: count, maxLength: count, max });

/** Columns whose values may be constant, near each other, or anywhere in their type. */
function number32(count: number): fc.Arbitrary<Uint32Array> {
  return fc.oneof(
    u32(count),
    fc.integer({ min: 0, max: 0xffffffff }).map((value) => new Uint32Array(count).fill(value)),
    fc
      .tuple(fc.integer({ min: 0, max: 0xffff0000 }), u32(count, 0xffff))
      .map(([base, add]) => add.map((v) => v + base)),
    fc.tuple(fc.integer({ min: 0, max: 0xffffff00 }), u32(count, 0xff)).map(([base, add]) => add.map((v) => v + base)),
  );
}

function indexes(count: number): fc.Arbitrary<Uint16Array | Uint32Array> {
  return fc.oneof(
    fc.uint16Array({ minLength: count, maxLength: count }),
    fc.uint16Array({ minLength: count, maxLength: count, max: 20 }),
    fc.integer({ min: 0, max: 0xffff }).map((value) => new Uint16Array(count).fill(value)),
    number32(count),
  );
}

const bytes = (length: number, max = 0xff) => fc.uint8Array({ minLength: length, maxLength: length, max });
const name = fc.string({ unit: "binary", maxLength: 12 });

const spanColumns: fc.Arbitrary<SpanColumns> = fc.integer({ min: 0, max: 40 }).chain((count) =>
  fc.record(
    {
      count: fc.constant(count),
      traceIds: fc.integer({ min: 0, max: 5 }).chain((traces) => bytes(traces * 16)),
      traceIndex: indexes(count),
      spanIds: bytes(count * 8),
      parentIds: bytes(count * 8),
      nameIndex: indexes(count),
      groupIndex: indexes(count),
      kind: bytes(count, 5),
      status: bytes(count, 2),
      marks: bytes(count, 31),
      startLow: number32(count),
      startHigh: number32(count),
      endLow: number32(count),
      endHigh: number32(count),
      spanStart: number32(count),
      spanEnd: number32(count),
      thresholdIndex: indexes(count),
      groups: fc.array(
        fc.record({
          service: fc.nat(),
          resourceSpansStart: fc.nat(),
          resourceSpansEnd: fc.nat(),
          scopeSpansStart: fc.nat(),
          scopeSpansEnd: fc.nat(),
        }),
        { maxLength: 4 },
      ),
      strings: fc.array(name, { maxLength: 8 }),
    },
    {
      requiredKeys: [
        "count",
        "traceIds",
        "traceIndex",
        "spanIds",
        "parentIds",
        "nameIndex",
        "groupIndex",
        "kind",
        "status",
        "marks",
        "startLow",
        "startHigh",
        "endLow",
        "endHigh",
        "spanStart",
        "spanEnd",
        "groups",
        "strings",
      ],
    },
  ),
);

/** Arrays as plain numbers, so that only values are compared; a column may come back in another width. */
function plain(columns: SpanColumns): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([key, value]) => [
      key,
      ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value,
    ]),
  );
}

function sample(count: number): SpanColumns {
  const rows = Array.from({ length: count }, (_, i) => i);
  const base = 1_795_392_039_440_000_000n;
  const starts = rows.map((i) => base + BigInt(i * 1_200_000));
  const ends = rows.map((i) => base + BigInt(i * 1_200_000 + 3_456_789));
  return {
    count,
    traceIds: Uint8Array.from({ length: 16 * Math.ceil(count / 20) }, (_, i) => i * 37),
    traceIndex: Uint16Array.from(rows, (i) => Math.trunc(i / 20)),
    spanIds: Uint8Array.from({ length: count * 8 }, (_, i) => i * 91),
    parentIds: Uint8Array.from({ length: count * 8 }, (_, i) => i * 53),
    nameIndex: Uint16Array.from(rows, (i) => 3 + (i % 12)),
    groupIndex: Uint16Array.from(rows, (i) => i % 3),
    kind: Uint8Array.from(rows, (i) => 1 + (i % 5)),
    status: Uint8Array.from(rows, (i) => (i % 30 === 0 ? 2 : 0)),
    marks: new Uint8Array(count),
    startLow: Uint32Array.from(starts, (v) => Number(v & 0xffffffffn)),
    startHigh: Uint32Array.from(starts, (v) => Number(v >> 32n)),
    endLow: Uint32Array.from(ends, (v) => Number(v & 0xffffffffn)),
    endHigh: Uint32Array.from(ends, (v) => Number(v >> 32n)),
    spanStart: Uint32Array.from(rows, (i) => 300 + i * 505),
    spanEnd: Uint32Array.from(rows, (i) => 800 + i * 505),
    groups: rows.slice(0, 3).map((i) => ({
      service: i,
      resourceSpansStart: 3,
      resourceSpansEnd: 900,
      scopeSpansStart: 90,
      scopeSpansEnd: 800,
    })),
    strings: Array.from({ length: 15 }, (_, i) => `operation ${i}`),
  };
}

describe("block index", () => {
  it("decodes to exactly what was encoded", () => {
    fc.assert(
      fc.property(spanColumns, fc.integer({ min: 0, max: 5 }), (columns, offset) => {
        const encoded = encodeBlockIndex(columns);
        const shifted = new Uint8Array(encoded.length + offset);
        shifted.set(encoded, offset);
        expect(plain(decodeBlockIndex(shifted.subarray(offset)))).toEqual(plain(columns));
      }),
      { numRuns: 150 },
    );
  });

  it("takes the first `count` of columns that have room for more", () => {
    const full = sample(64);
    const decoded = decodeBlockIndex(encodeBlockIndex({ ...full, count: 10 }));
    expect([...decoded.startLow]).toEqual([...full.startLow.subarray(0, 10)]);
    expect([...decoded.spanIds]).toEqual([...full.spanIds.subarray(0, 80)]);
  });

  it("needs at most 44 bytes a span in a usual block, dictionaries included", () => {
    expect(encodeBlockIndex(sample(512)).length / 512).toBeLessThanOrEqual(44);
  });

  it("gives views of aligned bytes for the large columns", () => {
    const encoded = encodeBlockIndex(sample(100));
    const decoded = decodeBlockIndex(encoded);
    for (const column of [decoded.spanIds, decoded.parentIds, decoded.traceIds, decoded.startLow, decoded.endLow]) {
      expect(column.buffer).toBe(encoded.buffer);
    }
  });

  it("refuses every cut and every other version with a message that says so", () => {
    const encoded = encodeBlockIndex(sample(5));
    for (let length = 0; length < encoded.length; length++) {
      expect(() => decodeBlockIndex(encoded.subarray(0, length))).toThrow(/block index is damaged/);
    }
    const longer = new Uint8Array(encoded.length + 4);
    longer.set(encoded);
    expect(() => decodeBlockIndex(longer)).toThrow(/block index is damaged/);
    const other = encoded.slice();
    other[0] = 2;
    expect(() => decodeBlockIndex(other)).toThrow(/expected version 1/);
  });

  it("refuses counts that do not fit the bytes", () => {
    const encoded = encodeBlockIndex(sample(5));
    const words = new Uint32Array(encoded.buffer);
    words[1] = 6;
    expect(() => decodeBlockIndex(encoded)).toThrow(/counts add up to/);
  });
});
