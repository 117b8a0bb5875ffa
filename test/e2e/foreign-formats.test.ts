import { join, resolve } from "node:path";
import { afterEach, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { replay } from "../../src/replay/replay.ts";
import { otlpTarget } from "../../src/replay/target.ts";
import { createTestCollector, type TestCollector, type TestCollectorOptions } from "../../src/testing/testing.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { FOREIGN_RECEIVERS, foreignAddresses } from "../support/foreign-addresses.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures");
const ARRIVES_WITHIN_MS = 20_000;
const RECORDINGS = ["node-shop", "python-shop", "telemetrygen"] as const;

const collectors: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(collectors.splice(0).map((collector) => collector.close()));
});

async function start(config: TestCollectorOptions["config"] & object): Promise<TestCollector> {
  const collector = await createTestCollector({ config, logger: SILENT_LOGGER });
  collectors.push(collector);
  return collector;
}

interface Notable {
  readonly traceId: string;
  readonly spans: number;
}
interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}
interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly unknown[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
  readonly processID: string;
}
interface JaegerTrace {
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>>;
}

/** As Jaeger's API has it. */
async function traceOf({ uiUrl }: TestCollector, traceId: string): Promise<JaegerTrace> {
  const response = await fetch(new URL(`api/traces/${traceId}`, uiUrl));
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: JaegerTrace[] }).data[0] as JaegerTrace;
}

const sorted = (tags: readonly JaegerTag[]): string[] => tags.map((tag) => JSON.stringify(tag)).sort();

/**
 * Everything of a trace but the order of its spans and of their tags, and durations: start and end are both cut to
 * microseconds, so that they may be one longer or shorter.
 */
function described({ spans, processes }: JaegerTrace): unknown[] {
  return spans
    .map(({ processID, duration: _, tags, logs, ...span }) => ({
      ...span,
      tags: sorted(tags),
      logs: logs.map(({ timestamp, fields }) => [timestamp, sorted(fields)]),
      service: processes[processID]?.serviceName,
      process: sorted(processes[processID]?.tags ?? []),
    }))
    .sort((a, b) => (a.spanID < b.spanID ? -1 : 1));
}

it.each([
  ["zipkin", "Zipkin/HTTP"],
  ["jaeger", "Jaeger/HTTP"],
])(
  "what one collector's %s exporter sends, another's receiver stores as it was",
  { timeout: 60_000 },
  async (type, title) => {
    const second = await start({ receivers: FOREIGN_RECEIVERS });
    const endpoint = (await foreignAddresses(second))[title] as string;
    const first = await start({ exporters: { [type]: { endpoint } } });
    const { signal } = new AbortController();
    await replay({
      files: RECORDINGS.map((name) => join(FIXTURES, `${name}.jsonl`)),
      targets: [otlpTarget(first.url, signal)],
      speed: "max",
      at: "original",
      freshIds: false,
      signal,
    });
    const notable = RECORDINGS.flatMap((name) => Object.values(facts[name].notable) as Notable[]);
    const missing = new Map(notable.map(({ traceId, spans }) => [traceId, spans]));
    await second.waitForTrace(({ traceId, spans }) => {
      if (spans.length >= (missing.get(traceId) ?? Number.POSITIVE_INFINITY)) missing.delete(traceId);
      return missing.size === 0;
    }, ARRIVES_WITHIN_MS);
    for (const { traceId, spans } of notable) {
      const [original, copy] = [await traceOf(first, traceId), await traceOf(second, traceId)];
      expect(original.spans).toHaveLength(spans);
      expect(described(copy)).toEqual(described(original));
      const durations = new Map(original.spans.map(({ spanID, duration }) => [spanID, duration]));
      for (const { spanID, duration } of copy.spans) {
        expect(Math.abs(duration - (durations.get(spanID) as number))).toBeLessThanOrEqual(1);
      }
    }
    const metrics = await (await fetch(new URL("metrics", second.uiUrl))).text();
    expect(metrics).toContain(`spanloom_receiver_refused_spans_total{receiver="${type}",transport="http"} 0`);
  },
);
