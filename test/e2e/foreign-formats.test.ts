import { join, resolve } from "node:path";
import { afterEach, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { replay } from "../../src/replay/replay.ts";
import { otlpTarget } from "../../src/replay/target.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { eventually } from "../support/eventually.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures");
const RECORDINGS = ["node-shop", "python-shop", "telemetrygen"] as const;

const collectors: Collector[] = [];
afterEach(async () => {
  await Promise.all(collectors.splice(0).map((collector) => collector.shutdown()));
});

async function start(config: Parameters<typeof createCollector>[0] = {}): Promise<Collector> {
  const collector = await createCollector(config, { logger: SILENT_LOGGER });
  collectors.push(collector);
  return collector;
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

async function traceOf({ endpoints }: Collector, traceId: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(new URL(`api/traces/${traceId}`, endpoints.ui));
  if (!response.ok) return undefined;
  return ((await response.json()) as { data: JaegerTrace[] }).data[0];
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
    const second = await start();
    const endpoint = second.endpoints.receivers.find((receiver) => receiver.title === title)?.address as string;
    const first = await start({ exporters: { [type]: { endpoint } } });
    const { signal } = new AbortController();
    await replay({
      files: RECORDINGS.map((name) => join(FIXTURES, `${name}.jsonl`)),
      targets: [otlpTarget(first.endpoints.otlpHttp as string, signal)],
      speed: "max",
      at: "original",
      freshIds: false,
      signal,
    });
    for (const name of RECORDINGS) {
      for (const { traceId, spans } of Object.values(facts[name].notable) as { traceId: string; spans: number }[]) {
        const copy = await eventually(`trace ${traceId} in the second collector`, async () => {
          const trace = await traceOf(second, traceId);
          return trace !== undefined && trace.spans.length >= spans ? trace : false;
        });
        const original = (await traceOf(first, traceId)) as JaegerTrace;
        expect(original.spans).toHaveLength(spans);
        expect(described(copy)).toEqual(described(original));
        const durations = new Map(original.spans.map(({ spanID, duration }) => [spanID, duration]));
        for (const { spanID, duration } of copy.spans) {
          expect(Math.abs(duration - (durations.get(spanID) as number))).toBeLessThanOrEqual(1);
        }
      }
    }
    const metrics = await (await fetch(new URL("metrics", second.endpoints.ui))).text();
    expect(metrics).toContain(`spanloom_receiver_refused_spans_total{receiver="${type}",transport="http"} 0`);
  },
);
