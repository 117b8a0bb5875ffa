import { describe, expect, it } from "vitest";
import { testHost } from "../../../test/support/fragments.ts";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import type { LogFragment } from "../../model/log.ts";
import { QueryCore } from "../read/query-core.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "../read/trace-reader.ts";
import { BodyPool } from "./body-pool.ts";
import { RecentBodies } from "./recent-bodies.ts";

const signal = new AbortController().signal;

describe("BodyPool", () => {
  it("gives memory again that was let go of while held, once all who held it then have released it", () => {
    const pool = new BodyPool();
    const first = pool.hold();
    const body = pool.take(100_000);
    pool.letGo(body);
    const second = pool.hold();
    expect(pool.take(100_000).buffer).not.toBe(body.buffer);
    first();
    expect(pool.take(100_000).buffer).not.toBe(body.buffer);
    first();
    expect(pool.take(100_000).buffer).not.toBe(body.buffer);
    second();
    const again = pool.take(99_000);
    expect(again.buffer).toBe(body.buffer);
    expect(again.length).toBe(99_000);
    expect(pool.take(99_000).buffer).not.toBe(body.buffer);
  });

  it("never gives what was let go of while nobody held it: others may read it", () => {
    const pool = new BodyPool();
    const body = pool.take(100_000);
    pool.letGo(body);
    pool.hold()();
    expect(pool.take(100_000).buffer).not.toBe(body.buffer);
  });

  it("gives no memory that is too small, and none that is much too large", () => {
    const pool = new BodyPool();
    const release = pool.hold();
    const body = pool.take(200_000);
    pool.letGo(body);
    release();
    expect(pool.take(250_000).buffer).not.toBe(body.buffer);
    expect(pool.take(100_000).buffer).not.toBe(body.buffer);
    expect(pool.take(199_000).buffer).toBe(body.buffer);
  });

  it("leaves to the collector what is a part of another buffer, shared, or more than it may keep", () => {
    const pool = new BodyPool();
    const release = pool.hold();
    const whole = new ArrayBuffer(100_000);
    pool.letGo(new Uint8Array(whole, 8));
    pool.letGo(new Uint8Array(whole, 0, 10));
    pool.letGo(new Uint8Array(new SharedArrayBuffer(100_000)));
    const many = Array.from({ length: 100 }, () => pool.take(200_000));
    for (const body of many) pool.letGo(body);
    release();
    const taken = Array.from({ length: 100 }, () => pool.take(200_000).buffer);
    expect(taken).not.toContain(whole);
    const again = taken.filter((buffer) => many.some((body) => body.buffer === buffer));
    expect(again.length).toBe(Math.floor((8 * 1024 * 1024) / (many[0] as Uint8Array).buffer.byteLength));
  });
});

describe("bodies of a reader with a pool", () => {
  /** 40 traces of one block each; bodies come through the shared ring, and the reader keeps two of them. */
  function setUp() {
    const pool = new BodyPool();
    const source = new MemorySource();
    const ids = Array.from({ length: 40 }, (_, i) => (i + 1).toString(16).padStart(32, "0"));
    const memory = RecentBodies.allocate();
    const [writer, recent] = [new RecentBodies(memory), new RecentBodies(memory, pool)];
    const stored = source.body.bind(source);
    const buffers = new Set<ArrayBufferLike>();
    for (const [i, traceId] of ids.entries()) {
      source.append([serviceWith("cart", [spanWith({ traceId, name: `${"x".repeat(20_000)}${i}` })])]);
      const body = stored(1, i + 1) as Uint8Array;
      const placed = writer.place(body);
      if (placed !== undefined) writer.publish(1, i + 1, placed);
    }
    source.body = (segment, row) => {
      const body = recent.get(segment, row);
      expect(body).toBeDefined();
      buffers.add((body as Uint8Array).buffer);
      return body;
    };
    source.inflate = async (segment, row) => source.body(segment, row);
    const cache = { ...DEFAULT_TRACE_READER.cache, bodyBytes: 70_000 };
    const reader = createTraceReader(source, { ...DEFAULT_TRACE_READER, cache }, undefined, pool);
    return { pool, ids, reader, buffers, stored };
  }

  it("are whole for as long as a view runs, whatever others read meanwhile, and their memory is used again", async () => {
    const { pool, ids, reader, buffers, stored } = setUp();
    let checked = 0;
    const check = (parts: readonly LogFragment[]) => {
      for (const { block } of parts) {
        const whole = stored(1, block.next.block) as Uint8Array;
        expect(Buffer.compare(block.body, whole)).toBe(0);
        checked++;
      }
      return { status: 200, contentType: "text/plain", body: new Uint8Array(0) };
    };
    const slow = async () => {
      const parts = await reader.trace(Buffer.from(ids[0] as string, "hex"), signal);
      await others();
      return check(parts);
    };
    const quick = async (_reader: unknown, id: string) => check(await reader.trace(Buffer.from(id, "hex"), signal));
    const core = new QueryCore(reader, { slow, quick }, testHost(), pool);
    const others = async () => {
      for (const id of ids) await core.view("quick", id, signal);
    };
    await core.view("slow", undefined, signal);
    const alone = buffers.size;
    for (let round = 0; round < 5; round++) await others();
    expect(checked).toBe(1 + 40 + 5 * 40);
    // One view at a time needs what the cache keeps and one more.
    expect(buffers.size - alone).toBeLessThan(10);
  });
});
