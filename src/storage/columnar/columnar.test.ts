import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBodies } from "../../../test/support/recorded-bodies.ts";
import { makeBody, range } from "../../../test/support/storage/batches.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { WireWriter } from "../../codec/otlp/wire/wire-writer.ts";
import { NO_THRESHOLD, nameOf, type SpanColumns, serviceOf } from "../../model/span-columns.ts";
import { decodeBlockIndex, encodeBlockIndex } from "../block/block-index.ts";
import { BODY_CODEC } from "../block/block-limits.ts";
import { bloomMayContain } from "../block/bloom.ts";
import { type AssembledBlock, Assembler } from "../sealing/assemble.ts";
import { groupByTrace } from "../sealing/grouping.ts";
import { BlockSealer, type SealedBlock } from "../sealing/seal-block.ts";
import { frameOf, joined, type SourceBlock, topLevelExtras } from "../sealing/source-blocks.ts";
import { decodeColumnarBody } from "./columnar-body.ts";
import { decodeColumnarIndex } from "./columnar-index.ts";

function sourceRow(body: Uint8Array): SourceBlock {
  const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
  return { body, columns: decodeBlockIndex(encodeBlockIndex(columns)), receivedAtMs: 1 };
}

interface Sealed {
  readonly assembled: AssembledBlock;
  readonly row: SealedBlock;
}

function seal(rows: readonly SourceBlock[], limits = { maxSpans: 2048, maxBytes: 1 << 22 }): Sealed[] {
  const sealer = new BlockSealer(new TraceScanner(DEFAULT_SCAN_LIMITS));
  const assembler = new Assembler(rows);
  return groupByTrace(rows, limits).map((refs, i) => {
    const extras = i === 0 ? joined(rows.map(({ body }) => topLevelExtras(body))) : new Uint8Array(0);
    const assembled = assembler.assemble(refs, extras);
    return { assembled, row: sealer.seal(assembled) };
  });
}

/** Everything that is stored of a span: its own bytes, what it belongs to, and what the store says of it. */
function describeSpans(body: Uint8Array, columns: SpanColumns): string[] {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return Array.from({ length: columns.count }, (_, row) => {
    const group = columns.groups[columns.groupIndex[row] as number];
    const frame = group && frameOf(body, group);
    const threshold = columns.thresholdIndex?.[row] ?? NO_THRESHOLD;
    return JSON.stringify([
      hex(body.subarray(columns.spanStart[row], columns.spanEnd[row])),
      frame && [frame.resourceHead, frame.resourceTail, frame.scopeHead, frame.scopeTail].map(hex),
      serviceOf(columns, row),
      nameOf(columns, row),
      hex(columns.traceIds.subarray((columns.traceIndex[row] as number) * 16).subarray(0, 16)),
      hex(columns.spanIds.subarray(row * 8, row * 8 + 8)),
      hex(columns.parentIds.subarray(row * 8, row * 8 + 8)),
      [columns.kind, columns.status, columns.marks, columns.startLow, columns.startHigh].map((c) => c[row]),
      [columns.endLow, columns.endHigh].map((c) => c[row]),
      threshold === NO_THRESHOLD ? null : columns.strings[threshold],
    ]);
  }).sort();
}

function readBack({ row }: Sealed): { body: Uint8Array; columns: SpanColumns } {
  expect(row.codec).toBe(BODY_CODEC.columnar);
  const columns = decodeColumnarIndex(row.index);
  return { columns, body: decodeColumnarBody(row.body, columns, row.rawLength) };
}

function expectAllBack(rows: readonly SourceBlock[], sealed: readonly Sealed[]): void {
  const before = rows.flatMap(({ body, columns }) => describeSpans(body, columns)).sort();
  const after = sealed.flatMap((one) => {
    const { body, columns } = readBack(one);
    return describeSpans(body, columns);
  });
  expect(after.sort()).toEqual(before);
}

describe("a sealed row", () => {
  it("gives recorded exports back span by span, byte for byte", () => {
    const rows = recordedBodies()
      .filter(({ format }) => format === "protobuf")
      .map(({ bytes }) => sourceRow(bytes));
    expect(rows.length).toBeGreaterThan(10);
    const sealed = seal(rows);
    expectAllBack(rows, sealed);
    const raw = rows.reduce((sum, { body }) => sum + body.length, 0);
    const stored = sealed.reduce((sum, { row }) => sum + row.body.length + row.index.length, 0);
    expect(stored).toBeLessThan(raw / 4);
  });

  it("keeps a trace in one row where it fits, and spreads one that does not", () => {
    const rows = [0, 1, 2, 3].map((part) => sourceRow(makeBody("s", range(part * 100, 100, 8))));
    for (const { assembled } of seal(rows, { maxSpans: 64, maxBytes: 1 << 20 })) {
      expect(assembled.columns.count).toBeLessThanOrEqual(64);
    }
    const all = seal(rows, { maxSpans: 64, maxBytes: 1 << 20 });
    const traces = all.flatMap(({ assembled }) => assembled.columns.traceIds.length / 16);
    expect(traces.reduce((a, b) => a + b)).toBe(50);
    const one = [sourceRow(makeBody("s", range(0, 300, 1000)))];
    const spread = seal(one, { maxSpans: 64, maxBytes: 1 << 20 });
    expect(spread.map(({ assembled }) => assembled.columns.count)).toEqual([64, 64, 64, 64, 44]);
    expectAllBack(one, spread);
  });

  it("gives ids that can be read as words, wherever its bytes lie", () => {
    const [{ row }] = seal([sourceRow(makeBody("s", range(0, 60)))]) as [Sealed];
    for (let shift = 0; shift < 4; shift++) {
      const moved = Buffer.alloc(row.index.length + 4).subarray(shift);
      moved.set(row.index);
      const { spanIds, parentIds, traceIds } = decodeColumnarIndex(moved.subarray(0, row.index.length));
      for (const ids of [spanIds, parentIds, traceIds]) expect(ids.byteOffset % 4).toBe(0);
    }
  });

  it("has a bloom that knows every trace and attribute", () => {
    const body = makeBody("shop", range(0, 50));
    const scan = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
    const hashes = [...scan.hashes.subarray(0, scan.hashStart[50])];
    const [{ row }] = seal([sourceRow(body)]) as [Sealed];
    expect(hashes.length).toBeGreaterThan(50);
    for (const hash of hashes) expect(bloomMayContain(row.bloom, hash)).toBe(true);
  });

  it("keeps marks, thresholds and times that are out of all bounds", () => {
    const row = sourceRow(makeBody("s", range(0, 20)));
    const { columns } = row;
    const wild: SpanColumns = {
      ...columns,
      marks: columns.marks.map((_, i) => i % 32),
      thresholdIndex: Uint16Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? NO_THRESHOLD : columns.strings.length)),
      strings: [...columns.strings, "8"],
    };
    expectAllBack([{ ...row, columns: wild }], seal([{ ...row, columns: wild }]));
    const writer = new WireWriter();
    const times = [0n, 1n, 2n ** 64n - 1n, 2n ** 63n, 1_700_000_000_000_000_000n];
    writeRequest(writer, (w) => {
      for (const [i, time] of times.entries()) {
        const span = w.open(0x12);
        w.blob(
          0x0a,
          Uint8Array.from({ length: 16 }, () => i + 1),
        );
        w.blob(
          0x12,
          Uint8Array.from({ length: 8 }, () => i + 1),
        );
        w.tag(0x39);
        w.fixed64(time);
        w.tag(0x41);
        w.fixed64(times[(i + 2) % times.length] as bigint);
        w.close(span);
      }
    });
    const rows = [sourceRow(writer.finish())];
    expectAllBack(rows, seal(rows));
  });

  it("gives any message back: unknown fields, any order, repeated fields, lengths in too many bytes", () => {
    fc.assert(
      fc.property(fc.array(spanMessage, { minLength: 1, maxLength: 12 }), fc.uint8Array(), (spans, extra) => {
        const writer = new WireWriter();
        writeRequest(writer, (w) => {
          for (const [i, fields] of spans.entries()) {
            const span = w.open(0x12);
            w.blob(
              0x0a,
              Uint8Array.from({ length: 16 }, () => (i % 3) + 1),
            );
            w.blob(
              0x12,
              Uint8Array.from({ length: 8 }, () => i + 1),
            );
            for (const field of fields) w.raw(field);
            w.close(span);
          }
        });
        writer.blob(0x7a, extra);
        const rows = [sourceRow(writer.finish()), sourceRow(makeBody("other", range(0, 5)))];
        const sealed = seal(rows);
        expectAllBack(rows, sealed);
        const [first] = sealed as [Sealed];
        expect(Buffer.from(topLevelExtras(readBack(first).body))).toEqual(
          Buffer.from(topLevelExtras((rows[0] as SourceBlock).body)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("is refused when it is cut or changed, or gives other bytes of the same length, which its checksum tells", () => {
    const [{ row }] = seal([sourceRow(makeBody("s", range(0, 200)))]) as [Sealed];
    const columns = decodeColumnarIndex(row.index);
    for (let length = 0; length < row.body.length; length += 37) {
      expect(() => decodeColumnarBody(row.body.slice(0, length), columns, row.rawLength)).toThrow();
    }
    for (let length = 0; length < row.index.length; length += 37) {
      expect(() => decodeColumnarIndex(row.index.slice(0, length))).toThrow();
    }
    for (let at = 1; at < row.body.length; at += 11) {
      const flipped = row.body.slice();
      flipped[at] = (flipped[at] as number) ^ 0x10;
      try {
        expect(decodeColumnarBody(flipped, columns, row.rawLength)).toHaveLength(row.rawLength);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});

/** One request with one resource and scope, `spans` written into the scope. */
function writeRequest(w: WireWriter, spans: (w: WireWriter) => void): void {
  const resource = w.open(0x0a);
  const scope = w.open(0x12);
  spans(w);
  w.close(scope);
  w.text(0x1a, "https://schema");
  w.close(resource);
}

const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const attributes = (tag: number) =>
  fc
    .tuple(fc.constantFrom("a", "http.route", "ключ", ""), fc.integer({ min: 0, max: 7 }), number, fc.string())
    .map(([key, type, value, text]) =>
      written((w) => {
        const kv = w.open(tag);
        w.text(0x0a, key);
        const any = w.open(0x12);
        if (type === 0) w.text(0x0a, text);
        else if (type === 1) {
          w.tag(0x10);
          w.varint(Number(value & 1n));
        } else if (type === 2) {
          w.tag(0x18);
          w.int64(value);
        } else if (type === 3) {
          w.tag(0x21);
          w.fixed64(value);
        } else if (type === 4) w.blob(0x3a, Buffer.from(text));
        else if (type === 5) w.close(w.open(0x2a));
        else if (type === 6) {
          w.text(0x0a, text);
          w.tag(0x18);
          w.int64(value);
        }
        w.close(any);
        w.close(kv);
      }),
    );
const event = fc.tuple(number, fc.array(attributes(0x1a), { maxLength: 3 })).map(([time, list]) =>
  written((w) => {
    const at = w.open(0x5a);
    w.tag(0x09);
    w.fixed64(time);
    w.text(0x12, "event");
    for (const one of list) w.raw(one);
    w.close(at);
  }),
);
const other = fc.oneof(
  fc.string().map((name) => written((w) => w.text(0x2a, name))),
  number.map((value) => tagged(0x30, (w) => w.int64(value & 7n))),
  number.map((value) => tagged(0x39, (w) => w.fixed64(value))),
  number.map((value) => tagged(0x41, (w) => w.fixed64(value))),
  number.map((value) => tagged(50 * 8, (w) => w.int64(value))),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((id) => written((w) => w.blob(0x22, id))),
  fc.uint8Array().map((bytes) => written((w) => w.blob(61 * 8 + 2, bytes))),
  // A dropped count, and a status code, in more bytes than they need.
  fc.constant(Uint8Array.of(0x50, 0x81, 0x00)),
  fc.constant(Uint8Array.of(0x7a, 0x03, 0x18, 0x82, 0x00)),
  fc.constant(Uint8Array.of(0x7a, 0x02, 0x18, 0x02)),
  fc.constant(Uint8Array.of(0x7a, 0x00)),
  number.map((value) => tagged(0x85, (w) => w.fixed32(Number(value & 0xffffffffn)))),
);
const spanMessage = fc.array(fc.oneof(attributes(0x4a), event, other.filter(isMessage)), { maxLength: 10 });

/** Leaves out what no scanner would take. */
function isMessage(field: Uint8Array): boolean {
  try {
    sourceRow(
      written((w) =>
        writeRequest(w, (inner) => {
          const span = inner.open(0x12);
          inner.blob(0x0a, new Uint8Array(16).fill(1));
          inner.raw(field);
          inner.close(span);
        }),
      ),
    );
    return true;
  } catch {
    return false;
  }
}

/** A field of a tag and a number. */
function tagged(tag: number, value: (w: WireWriter) => void): Uint8Array {
  return written((w) => {
    w.tag(tag);
    value(w);
  });
}

function written(write: (w: WireWriter) => unknown): Uint8Array {
  const writer = new WireWriter();
  write(writer);
  return writer.finish();
}
