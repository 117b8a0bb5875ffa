import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { compileThreads } from "../../../test/support/storage/compiled.ts";
import { RecentBodies } from "./recent-bodies.ts";

function bodyOf(row: number, length: number): Uint8Array {
  return new Uint8Array(length).fill((row * 31) & 0xff);
}

function store(bodies: RecentBodies, segment: number, row: number, body: Uint8Array): boolean {
  const placed = bodies.place(body);
  if (placed !== undefined) bodies.publish(segment, row, placed);
  return placed !== undefined;
}

describe("RecentBodies", () => {
  it("gives a body under the name of its row, in every object on the same memory, once it is published", () => {
    const memory = RecentBodies.allocate();
    const [writer, reader] = [new RecentBodies(memory), new RecentBodies(memory)];
    const placed = writer.place(Uint8Array.of(1, 2, 3));
    expect(reader.get(7, 1)).toBeUndefined();
    writer.publish(7, 1, placed as NonNullable<typeof placed>);
    expect(reader.get(7, 1)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.get(8, 1)).toBeUndefined();
    expect(reader.get(7, 2)).toBeUndefined();
    expect(store(writer, 7, 2, new Uint8Array(0))).toBe(true);
    expect(reader.get(7, 2)).toEqual(new Uint8Array(0));
  });

  it("keeps the newest and forgets what the ring has come round to", () => {
    const bodies = new RecentBodies(RecentBodies.allocate());
    const length = 300_001;
    const fitting = Math.floor((16 * 1024 * 1024) / length);
    for (let row = 1; row <= 200; row++) {
      expect(store(bodies, 1, row, bodyOf(row, length))).toBe(true);
      if (row % 23 !== 0) continue;
      const known = Array.from({ length: row }, (_, i) => i + 1).filter((old) => bodies.get(1, old) !== undefined);
      expect(known.at(-1)).toBe(row);
      expect(known.length).toBe(Math.min(row, fitting));
      expect(Buffer.compare(bodies.get(1, row) as Uint8Array, bodyOf(row, length))).toBe(0);
    }
  });

  it("takes no body that would push out most of the others", () => {
    const bodies = new RecentBodies(RecentBodies.allocate());
    expect(store(bodies, 1, 1, bodyOf(1, 1000))).toBe(true);
    expect(bodies.place(new Uint8Array(3 * 1024 * 1024))).toBeUndefined();
    expect(bodies.get(1, 1)).toEqual(bodyOf(1, 1000));
  });

  it("goes on where another writer on the same memory has ended", () => {
    const memory = RecentBodies.allocate();
    store(new RecentBodies(memory), 1, 1, bodyOf(1, 1000));
    const next = new RecentBodies(memory);
    store(next, 1, 2, bodyOf(2, 1000));
    expect(next.get(1, 1)).toEqual(bodyOf(1, 1000));
    expect(next.get(1, 2)).toEqual(bodyOf(2, 1000));
  });

  it("never gives another row's bytes while a thread overwrites them", async () => {
    const memory = RecentBodies.allocate();
    const compiled = await compileThreads(["src/storage/block/recent-bodies.ts"]);
    const module = pathToFileURL(compiled.file("src/storage/block/recent-bodies.ts")).href;
    const code = `
      import(${JSON.stringify(module)}).then(({ RecentBodies }) => {
        const { workerData, parentPort } = require("node:worker_threads");
        const bodies = new RecentBodies(workerData);
        for (let row = 1; row <= 4000; row++) {
          const placed = bodies.place(new Uint8Array(200_000 + (row % 7) * 10_000).fill((row * 31) & 0xff));
          bodies.publish(1, row, placed);
          if (row === 100) parentPort.postMessage("going");
        }
        parentPort.postMessage("done");
      });`;
    const worker = new Worker(code, { eval: true, workerData: memory });
    await once(worker, "message");
    let done = false;
    worker.once("message", () => {
      done = true;
    });
    const reader = new RecentBodies(memory);
    let found = 0;
    for (let row = 1; !done || row % 1024 !== 0; row++) {
      const body = reader.get(1, row % 4096);
      if (body !== undefined) {
        found++;
        const byte = ((row % 4096) * 31) & 0xff;
        expect(Buffer.compare(body, new Uint8Array(body.length).fill(byte))).toBe(0);
      }
      if (row % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(found).toBeGreaterThan(0);
    await worker.terminate();
    compiled.remove();
  });
});
