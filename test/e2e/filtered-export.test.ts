import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { parseConfig } from "../../src/app/config/config.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import type { UiStatusResponse } from "../../src/query/ui/status-types.ts";
import { eventually } from "../support/eventually.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

let folder: string;
const running: Collector[] = [];
let lastId = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-filtered-"));
  lastId = 0;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.shutdown()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(config: Parameters<typeof createCollector>[0] = {}): Promise<Collector> {
  const collector = await createCollector(config, { logger: SILENT_LOGGER });
  running.push(collector);
  return collector;
}

/** One request of spans with an attribute `n`, counted from 0; those with an even one are errors. */
async function send(to: Collector, count: number): Promise<void> {
  const spans = Array.from({ length: count }, (_, n) => {
    const id = (++lastId).toString(16);
    return {
      traceId: id.padStart(32, "a"),
      spanId: id.padStart(16, "b"),
      name: "GET /",
      startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + 5n),
      attributes: [{ key: "n", value: { intValue: String(n) } }],
      status: { code: n % 2 === 0 ? 2 : 1 },
    };
  });
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const response = await fetch(`${to.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  });
  expect(response.status).toBe(200);
}

async function statusOf(collector: Collector): Promise<UiStatusResponse["exporters"]> {
  return ((await (await fetch(`${collector.endpoints.ui}api/ui/status`)).json()) as UiStatusResponse).exporters;
}

/** When every exporter has read all there is: by name, how many spans each delivered and left out. */
async function done(collector: Collector, spans: number) {
  const exporters = await eventually("all exporters are done", async () => {
    const found = await statusOf(collector);
    const handled = found.every((one) => one.deliveredSpans + one.filteredSpans === spans && one.lagSpans === 0);
    return handled ? found : false;
  });
  return Object.fromEntries(exporters.map((one) => [one.name, [one.deliveredSpans, one.filteredSpans]]));
}

function zipkinOf({ endpoints }: Collector): string {
  return endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.address as string;
}

/** How many spans a collector stores. */
async function received({ endpoints }: Collector): Promise<number> {
  const text = await (await fetch(`${endpoints.ui}metrics`)).text();
  const accepted = text.matchAll(/^spanloom_receiver_accepted_spans_total\{.*\} (\d+)$/gm);
  return [...accepted].reduce((sum, [, value]) => sum + Number(value), 0);
}

describe.each(["memory", "sqlite"] as const)("exporters of a %s store with filters", (kind) => {
  it("send each destination what its filter matches, and another from a reload on", async () => {
    const [grpc, http, zipkin] = [await start(), await start(), await start()];
    const file = join(folder, "all.jsonl");
    const exporters = (more: object = {}) => ({
      otlp: { endpoint: grpc.endpoints.otlpGrpc as string, filter: "{ status = error }", ...more },
      otlp_http: { endpoint: http.endpoints.otlpHttp as string, filter: "{ span.n >= 90 }" },
      zipkin: { endpoint: zipkinOf(zipkin), filter: '{ resource.service.name = "other" }' },
      file: { path: file },
    });
    const storage = { kind, path: join(folder, "data") };
    const from = await start({ storage, exporters: exporters() });
    await send(from, 100);
    expect(await done(from, 100)).toEqual({ otlp: [50, 50], otlp_http: [10, 90], zipkin: [0, 100], file: [100, 0] });
    const reload = (raw: object) => from.reload(parseConfig(raw as Record<string, unknown>, { name: "test" }));
    const outcome = await reload({ storage, exporters: exporters({ filter: "{ span.n = 7 }" }) });
    expect(outcome.applied).toContain("exporters.otlp.filter");
    await send(from, 100);
    expect(await done(from, 200)).toEqual({ otlp: [51, 149], otlp_http: [20, 180], zipkin: [0, 200], file: [200, 0] });
    const unfiltered = { ...exporters(), otlp: { endpoint: grpc.endpoints.otlpGrpc as string } };
    await reload({ storage, exporters: unfiltered });
    await send(from, 10);
    expect(await done(from, 210)).toMatchObject({ otlp: [61, 149] });
    expect([await received(grpc), await received(http), await received(zipkin)]).toEqual([61, 20, 0]);
    expect(readFileSync(file, "utf8").match(/"spanId"/g)).toHaveLength(210);
    const metrics = await (await fetch(`${from.endpoints.ui}metrics`)).text();
    expect(metrics).toContain('spanloom_exporter_filtered_spans_total{exporter="otlp"} 149\n');
  });
});

it("`config check` says what is wrong with a filter", () => {
  const path = join(folder, "spanloom.yaml");
  writeFileSync(path, "exporters:\n  otlp:\n    filter: '{ } | count() > 3'\n");
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "config", "check", "-c", path], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "" },
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/exporters\.otlp\.filter.*expected what one span says by itself/s);
});
