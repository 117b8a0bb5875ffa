import { beforeAll, describe, expect, it } from "vitest";
import { batchOf } from "../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { DemoShop } from "../../demo/generator.ts";
import { MINUTE_MS } from "../../model/time.ts";
import type { UiVerdict } from "./api-types.ts";
import { uiViews } from "./views.ts";

const BEGAN_MS = 1_795_392_000_000;
const TRACES = 700;
/** Those before have too little before them. */
const JUDGED_FROM = 300;

/** An hour of the demo shop, a trace every five seconds, with what was planted in each. */
function demo() {
  const shop = new DemoShop(20_260_713);
  const traces = Array.from({ length: TRACES }, (_, i) => {
    const data = shop.trace(BigInt(BEGAN_MS + i * 5_000) * 1_000_000n);
    const spans = data.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    const root = spans.find(({ parentSpanId }) => parentSpanId === "");
    return {
      batch: batchOf(data),
      traceId: root?.traceId as string,
      rootFailed: root?.status.code === 2,
      failed: spans.some(({ status }) => status.code === 2),
      locked: spans.some(({ events }) => events.some(({ name }) => name === "lock.wait")),
    };
  });
  return { traces, reader: new MemoryReader(traces.map(({ batch }) => batch)) };
}

const { traces, reader } = demo();
const host = hostOf(reader, uiViews);
const judged = async (traceId: string, nowMs = BEGAN_MS + 600 * MINUTE_MS) => {
  const { body } = await host.view("ui.verdict", { traceId, nowMs }, new AbortController().signal);
  return JSON.parse(new TextDecoder().decode(body)) as UiVerdict;
};

const verdicts = new Map<string, UiVerdict>();
beforeAll(async () => {
  for (const { traceId } of traces) verdicts.set(traceId, await judged(traceId));
});

describe("the verdict on the demo shop", () => {
  it("puts slow requests down to the planted lock, and says little of ordinary ones", () => {
    let locks = 0;
    let ordinary = 0;
    let accused = 0;
    for (const { traceId, locked, failed } of traces.slice(JUDGED_FROM)) {
      const slow = verdicts.get(traceId)?.slow;
      if (locked && slow !== undefined) {
        locks++;
        expect(slow.blame?.text).toMatch(/^\d\d % in inventory SELECT stock · .*, usually .* ms · lock\.wait$/);
      } else if (!failed && !locked) {
        ordinary++;
        if (slow !== undefined) accused++;
      }
    }
    expect(locks).toBeGreaterThan(2);
    expect(ordinary).toBeGreaterThan(200);
    expect(accused / ordinary).toBeLessThan(0.05);
  });

  it("tells failed requests from those that recovered", () => {
    for (const { traceId, failed, rootFailed } of traces) {
      const found = verdicts.get(traceId)?.failed;
      expect(found?.recovered).toBe(failed ? !rootFailed : undefined);
      if (rootFailed) expect(found?.text).toMatch(/^Failed: .* → /);
    }
  });

  it("goes by what was before, and where that is too little by what came after too", async () => {
    const early = traces[3]?.traceId as string;
    expect((await judged(early, BEGAN_MS + MINUTE_MS)).silent).toContain("fewer than 50");
    expect(verdicts.get(early)?.silent).toBeUndefined();
    const samplesOf = (traceId: string) => {
      const found = verdicts
        .get(traceId)
        ?.usual.find(({ service, name }) => service + name === "catalogSELECT reviews");
      return found?.samples ?? Number.NaN;
    };
    const counted = traces.map(({ traceId }) => samplesOf(traceId)).filter(Number.isFinite);
    // All of them for the first, those before for the last.
    expect(counted[0]).toBeGreaterThanOrEqual(counted.at(-1) as number);
    expect(Math.min(...counted)).toBeGreaterThanOrEqual(50);
  });

  it("waits while spans arrive", async () => {
    const early = await judged(traces.at(-1)?.traceId as string, 1_000);
    expect([early.silent, early.waits]).toEqual(["spans are still arriving", "spans"]);
  });

  it("waits for what is usual as long as that may still be counted", async () => {
    const few = new MemoryReader(traces.slice(0, 3).map(({ batch }) => batch));
    const at = async (nowMs: number) => {
      const { body } = await hostOf(few, uiViews).view(
        "ui.verdict",
        { traceId: traces[0]?.traceId as string, nowMs },
        new AbortController().signal,
      );
      return (JSON.parse(new TextDecoder().decode(body)) as UiVerdict).waits;
    };
    const received = traces[0]?.batch.receivedAtMs as number;
    expect(await at(received + 1_000)).toBe("spans");
    expect(await at(received + 30_000)).toBe("usual");
    expect(await at(received + 2 * MINUTE_MS)).toBeUndefined();
    expect(verdicts.get(traces.at(-1)?.traceId as string)?.waits).toBeUndefined();
  });
});
