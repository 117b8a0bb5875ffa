import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../test/support/query/serve.ts";
import type { TraceReader } from "../component/read.ts";
import { createJaegerRoutes } from "./jaeger/routes.ts";
import { jaegerViews } from "./jaeger/views.ts";
import { createUiRoutes } from "./ui/routes.ts";
import { uiViews } from "./ui/views.ts";

const REASON = "segment 2: disk I/O error";
const PARTIAL = `a part of what is stored cannot be read now (${REASON})`;
const TRACE = readFacts()["node-shop"].allTraces[0]?.traceId as string;

/** A reader that misses a part of what is stored. */
function gappy(inner: MemoryReader): TraceReader {
  return {
    trace(traceId, _signal, onGap) {
      onGap?.(REASON);
      return inner.trace(traceId);
    },
    async *traces(ids, _signal, onGap) {
      yield* inner.traces(ids);
      onGap?.(REASON);
    },
    find: async (query) => ({ ...(await inner.find(query)), complete: false, reason: PARTIAL }),
    services(_signal, onGap) {
      onGap?.(REASON);
      return inner.services();
    },
    live: () => inner.live(),
    operations: (service) => inner.operations(service),
    dependencies: (query) => inner.dependencies(query),
    red: (query) => inner.red(query),
    stats: () => inner.stats(),
  };
}

describe("answers that a failing disk leaves incomplete", () => {
  let served: Served;
  beforeAll(async () => {
    const batches = FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request)));
    const host = hostOf(gappy(new MemoryReader(batches)), { ...jaegerViews, ...uiViews });
    served = await serve(createUiRoutes(host), createJaegerRoutes(host));
  });
  afterAll(() => served.close());
  const get = (path: string) => fetch(`${served.url}${path}`);

  it.each([
    "/api/ui/traces/ID/columns",
    "/api/ui/traces/ID/download",
    "/api/ui/traces/ID/download?format=jaeger",
    "/api/ui/traces/ID/search?q=a",
    "/api/ui/services",
    "/api/services",
    "/api/traces/ID",
    "/api/traces?traceID=ID",
  ])("%s says so in a header", async (path) => {
    const response = await get(path.replace("ID", TRACE));
    expect(response.status).toBe(200);
    expect(response.headers.get("x-spanloom-incomplete")).toBe(PARTIAL);
  });

  it.each(["/api/traces/ID", "/api/traces?traceID=ID", "/api/traces?limit=1", "/api/services"])(
    "%s says so among Jaeger's errors",
    async (path) => {
      const body = (await (await get(path.replace("ID", TRACE))).json()) as {
        errors: { msg: string }[];
        data: unknown[];
      };
      expect(body.errors).toContainEqual({ msg: expect.stringContaining(`partial: ${PARTIAL}`) });
      expect(body.data.length).toBeGreaterThan(0);
    },
  );

  it("a search says so with its reason, and the services do", async () => {
    expect(await (await get("/api/ui/search")).json()).toMatchObject({ complete: false, reason: PARTIAL });
    expect(await (await get("/api/ui/services")).json()).toMatchObject({ reason: PARTIAL });
  });

  it.each(["/api/traces/ID", "/api/ui/traces/ID/columns"])("%s is not told missing what may be there", async (path) => {
    const response = await get(path.replace("ID", "f".repeat(32)));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.text()).toContain(REASON);
  });
});

it("says so in the header of a large answer too, where it is known before the first byte", async () => {
  const traceId = "9".repeat(32);
  const spans = Array.from({ length: 3_000 }, (_, i) => ({
    traceId,
    spanId: (i + 1).toString(16).padStart(16, "0"),
    name: "x".repeat(200),
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000000000001",
  }));
  const inner = new MemoryReader([batchOf(toModel({ resourceSpans: [{ scopeSpans: [{ spans }] }] } as never))]);
  const reader: TraceReader = {
    ...gappy(inner),
    async *traces(ids, _signal, onGap) {
      onGap?.(REASON);
      yield* inner.traces(ids);
    },
  };
  const host = hostOf(reader, { ...jaegerViews, ...uiViews });
  const served = await serve(createUiRoutes(host), createJaegerRoutes(host));
  try {
    const download = `/api/ui/traces/${traceId}/download?format=jaeger`;
    for (const path of [`/api/traces/${traceId}`, `/api/traces?traceID=${traceId}`, download]) {
      const response = await fetch(`${served.url}${path}`);
      expect(response.headers.get("content-length")).toBeNull();
      expect(response.headers.get("x-spanloom-incomplete")).toBe(PARTIAL);
      const { errors } = (await response.json()) as { errors: { msg: string }[] };
      expect(errors).toEqual([{ msg: `partial: ${PARTIAL}` }]);
    }
  } finally {
    await served.close();
  }
});
