import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import type { IncomingBatch } from "../component/ingest.ts";
import { inflateBody } from "../server/inflate.ts";

const RAW = new URL("../../test/fixtures/raw/", import.meta.url);

let rig: ReceiverRig;
beforeAll(async () => {
  rig = await startReceiver();
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.sink.batches.length = 0;
});

describe("recorded requests arrive byte for byte", () => {
  const files = readdirSync(RAW, { recursive: true, encoding: "utf8" }).filter((file) => /\.(bin|gz)$/.test(file));
  const overHttp = files.filter((file) => file.includes(".http-")).sort();
  const overGrpc = files.filter((file) => file.endsWith(".grpc.bin")).sort();

  it("and none of the recordings is left out", () => {
    const others = files.filter((file) => !overHttp.includes(file) && !overGrpc.includes(file));
    // Compressed gRPC messages: the client compresses anew, so only their plain form is sent.
    expect(others.every((file) => file.endsWith(".grpc.gz"))).toBe(true);
    expect(Math.min(overHttp.length, overGrpc.length)).toBeGreaterThan(10);
  });

  it.each(overHttp)("%s", async (file) => {
    const body = readFileSync(new URL(file, RAW));
    const type = file.includes("http-json") ? "application/json" : "application/x-protobuf";
    const headers = { "content-type": type, ...(file.endsWith(".gz") ? { "content-encoding": "gzip" } : {}) };
    const response = await fetch(`${rig.http}/v1/traces`, { method: "POST", body, headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    const [batch] = rig.sink.batches;
    expect(batch?.encoding).toBe(file.endsWith(".gz") ? "gzip" : "identity");
    expect(Buffer.compare(batch?.bytes as Uint8Array, body)).toBe(0);
  });

  it.each([
    ["plain", 0],
    ["gzip", 2],
  ] as const)("over gRPC, %s", async (_name, compression) => {
    const client = grpcClient(rig.grpc, { "grpc.default_compression_algorithm": compression });
    for (const file of overGrpc) {
      const body = readFileSync(new URL(file, RAW));
      expect((await grpcCall(client, EXPORT_PATH, body)).error, file).toBeUndefined();
      const batch = rig.sink.batches.at(-1) as IncomingBatch;
      expect(Buffer.compare(inflateBody(batch.bytes, batch.encoding, batch.maxBytes), body), file).toBe(0);
    }
    client.close();
  });
});
