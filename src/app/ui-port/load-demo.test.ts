import { describe, expect, it } from "vitest";
import { PermanentError } from "../../component/errors.ts";
import type { BatchSink, IncomingBatch } from "../../component/ingest.ts";
import type { ViewHost } from "../../component/read.ts";
import { DemoLoader } from "./load-demo.ts";

/** A store that keeps what it is given, and the traces of whoever has come before. */
function storeWith(before: readonly string[] = []) {
  const batches: IncomingBatch[] = [];
  const sink: BatchSink = {
    append: async (batch) => {
      batches.push(batch);
      return { accepted: 1, rejected: 0, message: "" };
    },
  };
  const store: ViewHost = {
    view: async () => {
      const traceIds = batches.length > 0 ? ["1"] : before;
      const body = new Uint8Array(Buffer.from(JSON.stringify({ traceIds })));
      return { status: 200, contentType: "application/json", body };
    },
  };
  return { batches, loader: new DemoLoader(store, sink) };
}

const { signal } = new AbortController();

describe("loading the demo", () => {
  it("fills an empty store with the shop", async () => {
    const { batches, loader } = storeWith();
    const { traces, spans } = await loader.load(false, signal);
    expect([traces, batches.length]).toEqual([1_000, 50]);
    expect(spans).toBeGreaterThan(10_000);
    expect(spans).toBeLessThan(30_000);
    expect(batches.every(({ source, format }) => source === "demo" && format === "otlp_protobuf")).toBe(true);
  });

  it("leaves a store alone that holds something, unless it is asked again", async () => {
    const { batches, loader } = storeWith(["0af7651916cd43dd8448eb211c80319c"]);
    await expect(loader.load(false, signal)).rejects.toThrow("traces are stored already");
    expect(batches).toEqual([]);
    await loader.load(true, signal);
    expect(batches).toHaveLength(50);
  });

  it("is done once at a time", async () => {
    const { batches, loader } = storeWith();
    const first = loader.load(false, signal);
    await expect(loader.load(true, signal)).rejects.toThrow("the demo is being loaded");
    await first;
    expect(batches).toHaveLength(50);
    await loader.load(true, signal);
    expect(batches).toHaveLength(100);
  });

  it("says what the collector refuses, and can be tried again", async () => {
    const { loader, batches } = storeWith();
    const refusing = new DemoLoader(
      { view: async () => ({ status: 200, contentType: "", body: new Uint8Array(Buffer.from('{"traceIds":[]}')) }) },
      { append: async () => ({ accepted: 0, rejected: 3, message: "too old" }) },
    );
    await expect(refusing.load(false, signal)).rejects.toThrow(PermanentError);
    await expect(refusing.load(false, signal)).rejects.toThrow("refuses spans of the demo: too old");
    await loader.load(false, signal);
    expect(batches.length).toBeGreaterThan(0);
  });
});
