import fc from "fast-check";
import { expect, it } from "vitest";
import { batches, filter } from "../../../test/support/search/arbitrary-traces.ts";
import { incoming, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { traceqlQuery } from "../../../test/support/traceql/arbitrary-queries.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { TracesData } from "../../model/span.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import { IngestCore } from "../log/ingest-core.ts";
import type { SealTask } from "../log/seal-task.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { Sealer } from "../sealing/sealer.ts";
import { createTraceReader } from "./trace-reader.ts";

const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 20 : 1;
const { signal } = new AbortController();
const START = 1_795_392_039_440_000_000n;

/** Gives `ask` a reader of the data, first as it came, then sealed. */
async function beforeAndAfter<Answer>(
  data: readonly TracesData[],
  ask: (reader: ReturnType<typeof createTraceReader>) => Promise<Answer>,
): Promise<{ before: Answer; after: Answer; sealed: number }> {
  const temp = tempFolder();
  const host = recordingHost();
  const sources: StoredSource[] = [];
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, { sealing: { enabled: true, minAgeMs: 0 } }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
  });
  const source = new StoredSource(fileAccess(testDriver, temp.path), () => {});
  sources.push(source);
  try {
    for (const batch of data) {
      core.append([incoming(encodeTraces(batch))]);
      core.settle();
    }
    const reader = createTraceReader(source);
    const before = await ask(reader);
    await core.maintain({ type: "roll" });
    const sealer = new Sealer({ driver: testDriver, folder: temp.path, source, share: 1 });
    const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
    const next = () => core.maintain({ type: "next_seal", floor, atOnce: true }) as Promise<SealTask | undefined>;
    let sealed = 0;
    for (let task = await next(); task !== undefined; task = await next()) {
      const outcome = await sealer.seal(task);
      if (outcome.type === "sealed") sealed++;
      await core.maintain({ type: "finish_seal", task, outcome });
    }
    return { before, after: await ask(reader), sealed };
  } finally {
    source.close();
    core.close();
    temp.remove();
  }
}

/** Spans that differ in no more than their attributes are shown in the order in which they are stored. */
function inNoOrder({ spanSets = [], ...summary }: TraceSummary) {
  const textOf = (span: unknown) =>
    JSON.stringify(span, (_, value) => (typeof value === "bigint" ? `${value}` : value));
  return { ...summary, spanSets: spanSets.map((set) => ({ ...set, spans: set.spans.map(textOf).sort() })) };
}

it("a sealed store answers searches for spansets, metrics, names and values as it did before", async () => {
  await fc.assert(
    fc.asyncProperty(
      batches,
      fc.array(traceqlQuery, { minLength: 10, maxLength: 20 }),
      filter,
      async (data, queries, filter) => {
        const { before, after, sealed } = await beforeAndAfter(data, async (reader) => {
          const searches = [];
          for (const { pipeline } of queries) {
            const show = { spansPerSet: 1000, fields: [{ scope: "any", key: "k" } as const] };
            const found = await reader.find({ filter: { op: "all" }, spansets: pipeline, limit: 9, show }, signal);
            searches.push({ ...found, traces: found.traces.map(inNoOrder) });
          }
          const by = [{ scope: "resource", key: "service.name" }, { intrinsic: "span:kind" }] as const;
          const range = { start: START, end: START + 6000n, step: 500n };
          return {
            searches,
            metrics: await reader.metrics?.({ filter, ...range, stage: { function: { name: "rate" }, by } }, signal),
            names: await reader.attributeNames?.({ limit: 1000 }, signal),
            values: await reader.attributeValues?.({ limit: 1000, field: { scope: "any", key: "k" }, filter }, signal),
          };
        });
        expect(sealed).toBe(1);
        expect(after).toEqual(before);
      },
    ),
    { numRuns: 15 * LONGER },
  );
}, 600_000);
