import { describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { attributeHash, traceIdHash } from "../../model/attribute-hash.ts";
import { nameOf, type SpanColumns, serviceOf } from "../../model/span-columns.ts";
import { decodeBlockIndex } from "./block-index.ts";
import { MAX_BLOCK_BYTES, MAX_BLOCK_SPANS } from "./block-limits.ts";
import { BlockWriter, type EncodedBlock } from "./block-writer.ts";
import { bloomMayContain } from "./bloom.ts";
import { decodeBody } from "./body-codec.ts";

/** Everything that columns say of each row, whatever the order of their dictionaries. */
function rowsOf(columns: SpanColumns) {
  return Array.from({ length: columns.count }, (_, row) => {
    const group = columns.groups[columns.groupIndex[row] as number];
    const trace = (columns.traceIndex[row] as number) * 16;
    return {
      trace: Buffer.from(columns.traceIds.subarray(trace, trace + 16)).toString("hex"),
      span: Buffer.from(columns.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
      parent: Buffer.from(columns.parentIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
      name: nameOf(columns, row),
      service: serviceOf(columns, row),
      kind: columns.kind[row],
      status: columns.status[row],
      marks: columns.marks[row],
      start: [columns.startHigh[row], columns.startLow[row]],
      end: [columns.endHigh[row], columns.endLow[row]],
      bytes: [columns.spanStart[row], columns.spanEnd[row]],
      group: [group?.resourceSpansStart, group?.resourceSpansEnd, group?.scopeSpansStart, group?.scopeSpansEnd],
    };
  });
}

function bodyOf(block: EncodedBlock): Uint8Array {
  return decodeBody(block.body.codec, block.body.bytes, block.rawLength);
}

/** Stored columns must be those of a fresh scan of the stored body. */
function expectConsistent(block: EncodedBlock): SpanColumns {
  const stored = decodeBlockIndex(block.index);
  const scanned = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(bodyOf(block)).columns;
  expect(rowsOf(stored)).toEqual(rowsOf(scanned));
  expect(block.spans).toBe(stored.count);
  for (let i = 0; i < stored.traceIds.length; i += 16) {
    expect(bloomMayContain(block.bloom, traceIdHash(stored.traceIds, i))).toBe(true);
  }
  for (const id of spanNumbers(stored)) {
    expect(bloomMayContain(block.bloom, attributeHash("number", String(id)))).toBe(true);
  }
  return stored;
}

function write(bodies: readonly Uint8Array<ArrayBuffer>[], keep?: (id: number) => boolean): readonly EncodedBlock[] {
  const pipeline = scannerPipeline(keep);
  const writer = new BlockWriter();
  for (const body of bodies) writer.add(pipeline.prepare(incoming(body)), 1000);
  return writer.take();
}

describe("BlockWriter", () => {
  it("joins small batches byte-wise, with columns as a scan of the whole would give", () => {
    const bodies = Array.from({ length: 20 }, (_, i) => makeBody(`service-${i % 3}`, range(i * 8 + 1, 8, 3)));
    const blocks = write(bodies);
    expect(blocks).toHaveLength(1);
    const [block] = blocks as [EncodedBlock];
    const columns = expectConsistent(block);
    expect(Buffer.from(bodyOf(block))).toEqual(Buffer.concat(bodies));
    expect(columns.strings).toHaveLength(new Set(columns.strings).size);
    expect(columns.traceIds.length / 16).toBe(new Set(rowsOf(columns).map((row) => row.trace)).size);
    expect(block.operations).toHaveLength(21);
    expect(bloomMayContain(block.bloom, attributeHash("service.name", "service-2"))).toBe(true);
    expect(block.minStart).toBe(1_700_000_000_001_000_001n);
    expect(block.maxStart).toBe(1_700_000_000_000_000_000n + 160n * 1_000_001n);
    expect(block.maxEnd).toBe(block.maxStart + 5_000_003n);
  });

  it("begins a block when the next batch does not fit, and keeps the order", () => {
    const blocks = write(Array.from({ length: 10 }, (_, i) => makeBody("s", range(i * 100 + 1, 100))));
    expect(blocks.map((block) => block.spans)).toEqual([500, 500]);
    expect(blocks.flatMap((block) => spanNumbers(expectConsistent(block)))).toEqual(range(1, 1000).map(({ id }) => id));
  });

  it("splits large batches by spans and by bytes, between small ones", () => {
    const blocks = write([
      makeBody("s", range(1, 10)),
      makeBody("s", range(11, 1300)),
      makeBody("s", range(1311, 300, 4, 10_000)),
      makeBody("s", range(1611, 5)),
    ]);
    expect(blocks.flatMap((block) => spanNumbers(expectConsistent(block)))).toEqual(range(1, 1615).map(({ id }) => id));
    for (const block of blocks) {
      expect(block.spans).toBeLessThanOrEqual(MAX_BLOCK_SPANS);
      expect(block.rawLength).toBeLessThanOrEqual(MAX_BLOCK_BYTES * 1.05);
    }
  });

  it("gives a span that is larger than a block a block of its own", () => {
    const blocks = write([makeBody("s", [{ id: 1 }, { id: 2, padding: MAX_BLOCK_BYTES + 5 }, { id: 3 }])]);
    expect(blocks.map((block) => spanNumbers(expectConsistent(block)))).toEqual([[1], [2], [3]]);
  });

  it("cuts rows that sampling dropped, with their hashes", () => {
    const blocks = write([makeBody("a", range(1, 700)), makeBody("b", range(701, 20))], (id) => id % 5 === 0);
    const kept = blocks.flatMap((block) => spanNumbers(expectConsistent(block)));
    expect(kept).toEqual(
      range(1, 720)
        .map(({ id }) => id)
        .filter((id) => id % 5 === 0),
    );
    const known = (id: number) => blocks.some((b) => bloomMayContain(b.bloom, attributeHash("number", String(id))));
    expect(range(1, 720).filter(({ id }) => id % 5 !== 0 && known(id)).length).toBeLessThan(60);
  });

  it("stores nothing for a batch without spans or with none kept", () => {
    expect(write([makeBody("s", [])])).toEqual([]);
    expect(write([makeBody("s", range(1, 3))], () => false)).toEqual([]);
  });

  it("keeps thresholds of batches that have them beside those that have not", () => {
    const prepare = scannerPipeline();
    const writer = new BlockWriter();
    const plain = prepare.prepare(incoming(makeBody("s", range(1, 2))));
    writer.add(plain, 1);
    const next = prepare.prepare(incoming(makeBody("s", range(3, 2))));
    const strings = [...next.columns.strings, "8"];
    const thresholdIndex = Uint16Array.of(strings.length - 1, 0xffff);
    writer.add({ ...next, columns: { ...next.columns, strings, thresholdIndex } }, 1);
    writer.add(prepare.prepare(incoming(makeBody("s", range(5, 1)))), 1);
    const columns = decodeBlockIndex((writer.take()[0] as EncodedBlock).index);
    const thresholds = Array.from(columns.thresholdIndex ?? [], (at) =>
      at === 0xffff ? undefined : columns.strings[at],
    );
    expect(thresholds).toEqual([undefined, undefined, "8", undefined, undefined]);
  });
});
