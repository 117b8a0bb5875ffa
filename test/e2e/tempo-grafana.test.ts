import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { type CollectorProcess, startCollectorProcess } from "../support/collector-process.ts";
import { replayAll } from "../support/recordings.ts";
import { faultsOf, type TempoMessage } from "../support/tempo-messages.ts";

/**
 * What Grafana's Tempo data source asks, in the order in which it does: its frontend the tags and values, its backend
 * traces as protobuf and searches and metrics as JSON, all with the range of the panel in seconds.
 */
const START = "1795388000";
const END = "1795396000";
const SHOP = facts["node-shop"];

let folder: string;
let collector: CollectorProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-tempo-"));
  collector = await startCollectorProcess(join(folder, "data"));
  await replayAll(new URL(collector.otlpHttp).origin, ["node-shop"]);
});
afterAll(async () => {
  await collector?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

function ask(path: string, params: Readonly<Record<string, string>> = {}, accept = "application/json") {
  const query = new URLSearchParams(params).toString();
  return fetch(`${collector.tempo}${path}${query === "" ? "" : `?${query}`}`, { headers: { accept } });
}

async function json<T>(name: TempoMessage, path: string, params: Readonly<Record<string, string>>): Promise<T> {
  const response = await ask(path, params);
  expect(response.status).toBe(200);
  const value = (await response.json()) as T;
  expect(faultsOf(name, value)).toEqual([]);
  return value;
}

describe("Grafana's Tempo data source", () => {
  it("is saved and tested, and takes the version for new enough", async () => {
    const echo = await ask("/api/echo");
    expect(await echo.text()).toBe("echo");
    const { version } = (await (await ask("/api/status/buildinfo")).json()) as { version: string };
    const [major, minor] = version.split(".").map(Number) as [number, number];
    // From 2.7 on metrics come in the form that it reads.
    expect(major * 100 + minor).toBeGreaterThanOrEqual(207);
  });

  it("completes a query, searches, and opens what was found", async () => {
    const range = { start: START, end: END };
    const tags = await json<{ scopes: { name: string; tags: string[] }[] }>("TagNamesV2", "/api/v2/search/tags", {
      limit: "5000",
      ...range,
    });
    expect(tags.scopes.find(({ name }) => name === "resource")?.tags).toContain("service.name");
    expect(tags.scopes.find(({ name }) => name === "intrinsic")?.tags).toContain("status");
    const values = await json<{ tagValues: { type: string; value: string }[] }>(
      "TagValuesV2",
      "/api/v2/search/tag/resource.service.name/values",
      { limit: "5000", q: "{status=error}", ...range },
    );
    expect(values.tagValues.map(({ value }) => value).sort()).toEqual(Object.keys(SHOP.services).sort());
    const { traces } = await json<{ traces: { traceID: string; spanSets: unknown[] }[] }>(
      "SearchResponse",
      "/api/search",
      { q: '{resource.service.name="orders" && status=error}', limit: "20", spss: "3", ...range },
    );
    expect(traces.length).toBeGreaterThan(0);

    // A panel's range is widened by half an hour on either side.
    const wide = { start: String(Number(START) - 1_800), end: String(Number(END) + 1_800) };
    const { traceID } = traces[0] as { traceID: string };
    const opened = await ask(`/api/v2/traces/${traceID}`, wide, "application/protobuf");
    expect(opened.status).toBe(200);
    expect(opened.headers.get("content-type")).toBe("application/protobuf");
    const v1 = Buffer.from(await (await ask(`/api/traces/${traceID}`, wide, "application/protobuf")).arrayBuffer());
    const spans = decodeTraces(v1).flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    const known = SHOP.allTraces.find(({ traceId }) => traceId.replace(/^0+/, "") === traceID);
    expect(spans).toHaveLength(known?.spans as number);
  });

  it("asks the first version for a trace that the second does not have, and shows what it says", async () => {
    for (const version of ["v2/traces", "traces"]) {
      const response = await ask(`/api/${version}/${SHOP.absent.traceId}`, {}, "application/protobuf");
      expect(response.status).toBe(404);
      expect(await response.text()).toBe("trace not found");
    }
  });

  it("draws metrics over time, and one value of each series", async () => {
    const params = {
      q: "{ } | rate() by (resource.service.name)",
      start: START,
      end: END,
      step: "60s",
      exemplars: "100",
    };
    const ranged = await json<{ series: { labels: { value: { stringValue: string } }[]; samples: unknown[] }[] }>(
      "QueryRange",
      "/api/metrics/query_range",
      params,
    );
    const names = ranged.series.map(({ labels }) => labels[0]?.value.stringValue as string);
    expect(names.sort()).toEqual(Object.keys(SHOP.services).sort());
    const { series } = await json<{ series: { value: number }[] }>("QueryInstant", "/api/metrics/query", {
      q: "{ status = error } | count_over_time()",
      start: START,
      end: END,
    });
    expect(series.map(({ value }) => value)).toEqual([SHOP.errors]);
  });

  it("tells a person what is wrong with a query", async () => {
    const response = await ask("/api/search", { q: "{ statsu = error }", start: START, end: END });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('did you mean "status"?');
  });
});
