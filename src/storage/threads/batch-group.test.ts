import { describe, expect, it } from "vitest";
import type { IncomingBatch } from "../../component/ingest.ts";
import type { AppendOutcome } from "../log/ingest-core.ts";
import { packGroup, packOutcomes, unpackGroup, unpackOutcomes } from "./batch-group.ts";

function batch(length: number, fill: number): IncomingBatch {
  return {
    format: "otlp_protobuf",
    encoding: "identity",
    bytes: new Uint8Array(length).fill(fill),
    maxBytes: 1000,
    receivedAtMs: fill,
    source: `s${fill}`,
  };
}

/** Texts are compared a hundred times as fast as arrays of numbers. */
const readable = (batches: readonly IncomingBatch[]) =>
  batches.map((one) => ({ ...one, bytes: Buffer.from(one.bytes).toString("hex") }));

describe("a group of batches", () => {
  it("arrives as it was, small bodies and large ones mixed", () => {
    const batches = [batch(10, 1), batch(50_000, 2), batch(0, 3), batch(16_383, 4), batch(16_384, 5)];
    const copy = readable(batches);
    const { group, transfer } = packGroup(batches);
    const arrived = structuredClone(group, { transfer: transfer as ArrayBuffer[] });
    expect(readable(unpackGroup(arrived))).toEqual(copy);
    expect(batches.map(({ bytes }) => bytes.length)).toEqual([10, 0, 0, 16_383, 0]);
    expect(transfer.length).toBe(3);
  });

  it("says once what several batches have in common", () => {
    const other: IncomingBatch = { ...batch(7, 3), format: "zipkin_json", encoding: "gzip", maxBytes: 5, source: "z" };
    const batches = [batch(10, 1), other, { ...batch(10, 1), receivedAtMs: 2 ** 42 + 0.5 }, { ...other }];
    const { group } = packGroup(batches);
    expect(group.kinds).toHaveLength(2);
    expect(unpackGroup(structuredClone(group))).toEqual(batches);
  });

  it("hands a buffer over once when several batches were cut from it", () => {
    const bytes = new Uint8Array(40_000);
    const halves = [bytes.subarray(0, 20_000), bytes.subarray(20_000)];
    const { group, transfer } = packGroup(halves.map((half) => ({ ...batch(0, 1), bytes: half })));
    expect(transfer.length).toBe(2);
    expect(unpackGroup(group).map((one) => one.bytes.length)).toEqual([20_000, 20_000]);
  });
});

describe("outcomes", () => {
  const stored = (accepted: number, rejected = 0, message = ""): AppendOutcome => ({
    type: "stored",
    result: { accepted, rejected, message },
  });
  const failed: AppendOutcome = { type: "failed", error: { retryable: true, code: "storage_full", message: "full" } };

  it.each([
    ["all stored", [stored(3), stored(0), stored(512)]],
    ["a partial success among them", [stored(3), stored(2, 1, "one refused")]],
    ["a message alone", [stored(3, 0, "sampled")]],
    ["a failure among them", [stored(3), failed]],
    ["none", []],
  ])("%s", (_, outcomes) => {
    expect(unpackOutcomes(structuredClone(packOutcomes(outcomes)))).toEqual(outcomes);
  });
});
