import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import type { UiRedResponse } from "../../src/query/ui/api-types.ts";
import type { UiStatusResponse } from "../../src/query/ui/status-types.ts";
import { eventually } from "../support/eventually.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";

const DAY_MS = 86_400_000;

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
});
afterAll(() => collector?.shutdown());

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(new URL(path, collector.endpoints.ui));
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

/** A call from `<service>-caller` that began so many days ago. */
async function send(service: string, daysAgo: number): Promise<{ readonly traceId: string; readonly atMs: number }> {
  const atMs = Date.now() - daysAgo * DAY_MS;
  const start = BigInt(Math.round(atMs)) * 1_000_000n;
  const traceId = Buffer.from(service.padEnd(16)).toString("hex");
  const times = { traceId, startTimeUnixNano: start, endTimeUnixNano: start + 5n };
  const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([
      serviceWith(`${service}-caller`, [spanWith({ ...times, spanId: "a".repeat(16) })]),
      serviceWith(service, [spanWith({ ...times, spanId: "b".repeat(16), parentSpanId: "a".repeat(16) })]),
    ]),
  });
  expect(response.status).toBe(200);
  return { traceId, atMs };
}

it("a span that comes long after it began has a rate and a call as it has a place in the search", async () => {
  const { traceId, atMs } = await send("late", 30);
  expect(await ask(`api/traces/${traceId}`)).toMatchObject({ data: [{ traceID: traceId }] });
  await eventually("the call is counted", async () => {
    const links = await ask<{ data: unknown[] }>(`api/dependencies?endTs=${Math.round(atMs) + 1000}&lookback=7200000`);
    return links.data.length > 0 ? links : false;
  });
  const from = Math.round(atMs) - 3_600_000;
  const rates = await ask<UiRedResponse>(`api/ui/red?service=late&start=${from}&end=${from + 7_200_000}`);
  expect(rates.services).toMatchObject([{ service: "late", calls: 1 }]);
});

it("a span that began too far from its receipt is found, and the status says that it has no rate", async () => {
  const sent = [await send("ancient", 500), await send("ahead", -3)];
  for (const { traceId } of sent) {
    expect(await ask(`api/traces/${traceId}`)).toMatchObject({ data: [{ traceID: traceId }] });
  }
  const uncounted = await eventually("they are left out", async () => {
    const status = await ask<UiStatusResponse>("api/ui/status");
    const values = Object.fromEntries(status.uncounted.map(({ name, value }) => [name, value]));
    return values.red_left_out_spans === 4 && values.dependencies_left_out_calls === 2 ? values : false;
  });
  expect(uncounted).toMatchObject({ red_overflow_spans: 0, dependencies_overflow_calls: 0, aggregate_shrinks: 0 });
});
