import { describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings } from "../../../test/support/storage/rig.ts";
import { PermanentError } from "../../component/errors.ts";
import type { IncomingBatch, IngestPipeline } from "../../component/ingest.ts";
import { IngestCore } from "./ingest-core.ts";

/** Bodies that begin with `L` are large: `pieces` asks for what they become. */
const LARGE = 0x4c;

function open(pieces: IngestPipeline["pieces"]) {
  const host = recordingHost();
  const whole = scannerPipeline();
  const core = new IngestCore({
    settings: { ...storeSettings("", host), kind: "memory" },
    driver: testDriver,
    pipeline: {
      prepare: (batch) => (batch.bytes[0] === LARGE ? undefined : whole.prepare(batch)),
      ...(pieces === undefined ? {} : { pieces }),
    },
    host,
    release: async () => {},
  });
  return { core, host, whole };
}

const large = (): IncomingBatch => incoming(Uint8Array.of(LARGE));
const piece = (from: number): IncomingBatch => incoming(makeBody("s", range(from, 10)));

function begun(core: IngestCore, batch = large()): number {
  const [outcome] = core.append([batch]);
  if (outcome?.type !== "later") throw new Error(`expected a batch that is begun, found ${outcome?.type}`);
  return outcome.key;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a large batch", () => {
  it("is committed piece by piece, others between the pieces, and its group does not wait", async () => {
    const seen: number[] = [];
    const { core, whole } = open(async function* () {
      for (let i = 0; i < 3; i++) {
        seen.push(core.sequence);
        yield i === 1 ? undefined : whole.prepare(piece(i * 10));
      }
      seen.push(core.sequence);
      return { accepted: 20, rejected: 1, message: "one is odd" };
    });
    const [small, started] = core.append([piece(100), large()]);
    expect(small).toMatchObject({ type: "stored", result: { accepted: 10 } });
    expect([started?.type, core.sequence]).toEqual(["later", 1]);
    const outcome = core.later(started?.type === "later" ? started.key : 0);
    for (let i = 0; seen.length < 4; i++) {
      expect(core.append([piece(1_000 + i * 10)])[0]?.type).toBe("stored");
      await turn();
    }
    expect(await outcome).toEqual({ type: "stored", result: { accepted: 20, rejected: 1, message: "one is odd" } });
    // Other batches were committed between any two steps.
    for (const [i, sequence] of seen.entries()) if (i > 0) expect(sequence).toBeGreaterThan(seen[i - 1] as number);
    core.close();
  });

  it("runs one at a time, in the order in which they came", async () => {
    const order: string[] = [];
    let name = 0;
    const { core } = open(async function* () {
      const mine = `batch ${name++}`;
      order.push(`${mine} begins`);
      yield undefined;
      order.push(`${mine} ends`);
      return { accepted: 0, rejected: 0, message: "" };
    });
    const keys = [begun(core), begun(core)];
    await Promise.all(keys.map((key) => core.later(key)));
    expect(order).toEqual(["batch 0 begins", "batch 0 ends", "batch 1 begins", "batch 1 ends"]);
    core.close();
  });

  it("fails alone, with the reason, and is known once", async () => {
    const { core } = open(async function* () {
      yield undefined;
      throw new PermanentError("malformed", "no JSON");
    });
    const key = begun(core);
    expect(await core.later(key)).toMatchObject({ type: "failed", error: { code: "malformed", message: "no JSON" } });
    expect(await core.later(key)).toMatchObject({ type: "failed", error: { code: "internal" } });
    core.close();
  });

  it("is refused when too many wait, and fails when the store closes", async () => {
    const { core } = open(async function* () {
      for (;;) yield undefined;
    });
    const keys = Array.from({ length: 512 }, () => begun(core)).slice(0, 2);
    begun(core);
    const [refused] = core.append([large()]);
    expect(refused).toMatchObject({ type: "failed", error: { code: "overloaded", retryable: true } });
    core.close();
    for (const key of keys) expect(await core.later(key)).toMatchObject({ error: { code: "storage_unavailable" } });
  });
});
