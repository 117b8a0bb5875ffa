import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { decodeBlockIndex } from "../../src/storage/block-index.ts";
import { IngestCore } from "../../src/storage/ingest-core.ts";
import { fileAccess, StoredSource } from "../../src/storage/stored-source.ts";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../support/storage/batches.ts";
import { testDriver } from "../support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../support/storage/rig.ts";

function openCore(path: string): IngestCore {
  const host = recordingHost();
  return new IngestCore({
    settings: storeSettings(path, host, { segment: { maxSpans: 200, maxBytes: 1 << 30, maxAgeMs: 1e12 } }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
  });
}

/** Opens the folder as a start does, reads everything, and stores one more span. */
function readAll(path: string): { readonly ids: number[]; readonly bodies: Buffer } {
  const core = openCore(path);
  const source = new StoredSource(fileAccess(testDriver, path), () => {});
  try {
    const ids: number[] = [];
    const bodies: Uint8Array[] = [];
    for (const { id } of source.segments()) {
      for (const head of source.rowsAfter(id, 0, 1000)) {
        const body = source.body(id, head.row);
        if (body === undefined) break;
        ids.push(...spanNumbers(decodeBlockIndex(head.index)));
        bodies.push(body);
      }
    }
    const [outcome] = core.append([incoming(makeBody("s", [{ id: 999_999 }]))]);
    expect(outcome?.type).toBe("stored");
    return { ids, bodies: Buffer.concat(bodies) };
  } finally {
    source.close();
    core.close();
  }
}

/** Numbers in [0, 1) that are the same in every run (Lehmer's generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const BATCHES = 45;
const BATCH = 8;
const body = (batch: number) => makeBody("s", range(1 + batch * BATCH, BATCH));

/** A folder as a power cut leaves it: a closed segment, and an open one whose rows are still in its log. */
function crashed(path: string): string {
  const live = join(path, "live");
  const core = openCore(live);
  for (let i = 0; i < BATCHES; i++) {
    core.append([incoming(body(i))]);
    core.settle();
  }
  const copy = join(path, "crashed");
  cpSync(live, copy, { recursive: true });
  core.close();
  return copy;
}

it("a write-ahead log cut anywhere leaves a prefix of the commits", () => {
  const temp = tempFolder();
  try {
    const from = crashed(temp.path);
    const size = statSync(join(from, "segments", "00000002.db-wal")).size;
    expect(size).toBeGreaterThan(10_000);
    const lengths = new Set<number>();
    const random = seeded(7);
    for (let i = 0; i <= 40; i++) {
      const path = join(temp.path, "cut");
      cpSync(from, path, { recursive: true });
      const cut = i === 40 ? size : Math.floor(random() * size);
      truncateSync(join(path, "segments", "00000002.db-wal"), cut);
      const { ids, bodies } = readAll(path);
      expect(ids.length % BATCH).toBe(0);
      const expected = Array.from({ length: ids.length / BATCH }, (_, batch) => body(batch));
      expect(bodies.equals(Buffer.concat(expected))).toBe(true);
      lengths.add(ids.length);
      rmSync(path, { recursive: true });
    }
    expect(lengths).toContain(BATCHES * BATCH);
    expect(lengths.size).toBeGreaterThan(3);
  } finally {
    temp.remove();
  }
});

it("flipped bytes anywhere in segments and catalog never show as spans that were not stored", () => {
  const temp = tempFolder();
  try {
    const from = crashed(temp.path);
    const written = new Map(
      Array.from({ length: BATCHES }, (_, batch) => [1 + batch * BATCH, Buffer.from(body(batch))]),
    );
    const random = seeded(11);
    for (let i = 0; i < 60; i++) {
      const path = join(temp.path, "flipped");
      cpSync(from, path, { recursive: true });
      const names = ["segments/00000001.db", "segments/00000002.db-wal", "catalog.db", "catalog.db-wal"] as const;
      const file = join(path, names[i % names.length] as string);
      const bytes = readFileSync(file);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
      writeFileSync(file, bytes);
      const { ids, bodies } = readAll(path);
      let offset = 0;
      for (let row = 0; row < ids.length; row += BATCH) {
        const stored = written.get(ids[row] as number) as Buffer;
        expect(stored, `file ${file}, byte ${at}`).toBeDefined();
        expect(bodies.subarray(offset, offset + stored.length).equals(stored), `file ${file}, byte ${at}`).toBe(true);
        offset += stored.length;
      }
      rmSync(path, { recursive: true });
    }
  } finally {
    temp.remove();
  }
});
