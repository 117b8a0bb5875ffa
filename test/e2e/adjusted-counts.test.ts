import { afterEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import type { ConfigInput } from "../../src/app/config/config.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import type { UiRedResponse, UiRedSeries } from "../../src/query/ui/api-types.ts";
import { eventually } from "../support/eventually.ts";

let collector: Collector | undefined;
afterEach(() => collector?.shutdown());

/** Trace ids whose randomness is R ≥ ¾ · 2^56, so that a threshold up to `c` keeps them. */
const traceId = (n: number) => `${n.toString(16).padStart(18, "a")}f${n.toString(16).padStart(13, "0")}`;

/** Sends a trace of one span for each trace state; what the collector then counts of each service. */
async function count(config: ConfigInput, traceStates: Readonly<Record<string, readonly string[]>>) {
  collector = await createCollector(config, { logger: SILENT_LOGGER });
  const { otlpHttp, ui } = collector.endpoints as { otlpHttp: string; ui: string };
  const now = BigInt(Date.now()) * 1_000_000n;
  let serial = 0;
  const resourceSpans = Object.entries(traceStates).map(([service, list]) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [
      {
        spans: list.map((traceState) => ({
          traceId: traceId(++serial),
          spanId: serial.toString(16).padStart(16, "b"),
          traceState,
          name: "work",
          kind: 2,
          startTimeUnixNano: String(now),
          endTimeUnixNano: String(now + 1_000_000n),
        })),
      },
    ],
  }));
  const response = await fetch(`${otlpHttp.replace(/\/v1\/traces$/, "")}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans }),
  });
  expect(response.status).toBe(200);
  const names = Object.keys(traceStates);
  const rows = await eventually("all services are counted", async () => {
    const red = (await (await fetch(`${ui}api/ui/red`)).json()) as UiRedResponse;
    return red.services.length === names.length ? red.services : false;
  });
  return Object.fromEntries(
    rows.map(({ service, calls, spans, unscaledSpans }: UiRedSeries) => [service, { calls, spans, unscaledSpans }]),
  );
}

describe("rates of sampled spans", () => {
  const sent = {
    plain: ["", "vendor=1"],
    quarter: ["ot=th:c", "vendor=1,ot=th:c;rv:f0000000000000"],
    everything: ["ot=th:0"],
    mixed: ["ot=th:8", "ot=th:nonsense", "ot=th:c;rv:00000000000001"],
  };

  it("are scaled by the threshold that a sender's SDK states, and say where there is none", async () => {
    expect(await count({}, sent)).toEqual({
      plain: { calls: 2, spans: 2, unscaledSpans: 2 },
      quarter: { calls: 8, spans: 2, unscaledSpans: 0 },
      everything: { calls: 1, spans: 1, unscaledSpans: 0 },
      // A threshold that the span's own randomness contradicts is none.
      mixed: { calls: 4, spans: 3, unscaledSpans: 2 },
    });
  });

  it("are scaled by the greater of the sender's threshold and the collector's own", async () => {
    const { mixed: _, ...consistent } = sent;
    expect(await count({ sampling: { ratio: 0.5 } }, consistent)).toEqual({
      plain: { calls: 4, spans: 2, unscaledSpans: 0 },
      quarter: { calls: 8, spans: 2, unscaledSpans: 0 },
      everything: { calls: 2, spans: 1, unscaledSpans: 0 },
    });
  });
});
