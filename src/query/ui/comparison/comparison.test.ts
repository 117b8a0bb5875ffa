import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoTrace, demoStore } from "../../../../test/support/query/demo-store.ts";
import { hostOf } from "../../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../../test/support/query/serve.ts";
import type { TraceReader } from "../../../component/read.ts";
import type { UiComparison, UiTypical } from "./comparison-types.ts";
import { createComparisonRoutes } from "./routes.ts";
import { comparisonViews } from "./views.ts";

const BEGAN_MS = 1_795_392_000_000;
const { reader, traces } = demoStore(800, BEGAN_MS);
const NEVER = "f".repeat(32);

let served: Served;
beforeAll(async () => {
  served = await serveReader(reader);
});
afterAll(() => served?.close());

function serveReader(from: TraceReader): Promise<Served> {
  return serve(createComparisonRoutes(hostOf(from, comparisonViews), () => BEGAN_MS + 7_200_000));
}

async function ask<T>(path: string, of = served): Promise<{ readonly status: number; readonly body: T }> {
  const response = await fetch(`${of.url}/api/ui/traces/${path}`);
  return { status: response.status, body: (await response.json()) as T };
}

const one = (wanted: (trace: DemoTrace) => boolean) => traces.findLast(wanted) as DemoTrace;
const isCheckout = ({ name, failed }: DemoTrace) => name === "POST /checkout" && !failed;
const slow = one((trace) => isCheckout(trace) && trace.locked);
const fast = one((trace) => isCheckout(trace) && !trace.locked);
const compare = (a: DemoTrace, b: DemoTrace) => ask<UiComparison>(`${a.traceId}/compare/${b.traceId}`);

describe("GET /api/ui/traces/{a}/compare/{b}", () => {
  it("puts a slow checkout of the demo shop against a fast one down to the query that waited for the lock", async () => {
    const { status, body } = await compare(fast, slow);
    expect(status).toBe(200);
    const { a, b, differences, places, sentences, sameOperation } = body;
    expect(sameOperation).toBe(true);
    expect(places[differences[0]?.place as number]).toMatchObject({ service: "inventory", name: "SELECT stock" });
    expect(differences[0]?.text).toMatch(/^[12]\.\d+ s against \d/);
    expect(sentences[0]).toMatch(/^B took \d\S* s, \S+ s longer than A/);
    expect([a.traceId, b.traceId, b.root?.durationNano]).toEqual([fast.traceId, slow.traceId, slow.nano]);
    const changes = places.reduce((sum, place) => sum + (place.b?.pathNano ?? 0) - (place.a?.pathNano ?? 0), 0);
    expect(Math.abs(changes - (slow.nano - fast.nano))).toBeLessThan(1_000);
  });

  it("says that the requests are different ones", async () => {
    const home = one(({ name }) => name === "GET /");
    const { body } = await compare(home, fast);
    expect(body.sameOperation).toBe(false);
    expect(body.sentences[0]).toMatch(/^Different requests: A is frontend GET \/, B is frontend POST \/checkout/);
  });

  it("refuses one trace twice, what is not stored, and what is no id", async () => {
    expect(await compare(slow, slow)).toMatchObject({
      status: 400,
      body: { error: { code: "bad_request", message: `both are trace ${slow.traceId}; expected two different ones` } },
    });
    expect(await ask(`${slow.traceId}/compare/${NEVER}`)).toMatchObject({
      status: 404,
      body: { error: { message: `trace ${NEVER} not found` } },
    });
    expect((await ask(`${slow.traceId}/compare/x`)).status).toBe(400);
  });
});

describe("GET /api/ui/traces/{id}/typical", () => {
  const typicalOf = (traceId: string, of?: Served) => ask<UiTypical>(`${traceId}/typical`, of);

  it("finds a request of the operation near the median, without errors", async () => {
    const { body } = await typicalOf(slow.traceId);
    const { traceId, durationNano, medianNano, samples } = body.typical as NonNullable<UiTypical["typical"]>;
    const found = traces.find((trace) => trace.traceId === traceId) as DemoTrace;
    expect(found).toMatchObject({ name: "POST /checkout", failed: false, nano: durationNano });
    expect(durationNano / medianNano).toBeGreaterThan(0.9);
    expect(durationNano / medianNano).toBeLessThan(1.1);
    expect(samples).toBeGreaterThanOrEqual(50);
    const again = await ask<UiComparison>(`${traceId}/compare/${slow.traceId}`);
    expect(again.body.places[again.body.differences[0]?.place as number]?.name).toBe("SELECT stock");
  });

  it("goes by those that are stored where no rates are kept, and says where there are too few", async () => {
    const bare = await serveReader({ ...reader, red: async () => ({ series: [] }) as never });
    try {
      const { body } = await typicalOf(slow.traceId, bare);
      expect(traces.find(({ traceId }) => traceId === body.typical?.traceId)).toMatchObject({ name: "POST /checkout" });
    } finally {
      await bare.close();
    }
    const few = demoStore(3, BEGAN_MS);
    const small = await serveReader(few.reader);
    try {
      const { body } = await typicalOf(few.traces[0]?.traceId as string, small);
      expect(body).toEqual({
        reason: expect.stringMatching(
          /^fewer than 3 other requests of frontend \S+ \S+ went well in the day around it$/,
        ),
      });
    } finally {
      await small.close();
    }
    expect((await typicalOf(NEVER)).status).toBe(404);
  });
});
