import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, readFixture, toModel } from "../../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../../test/support/query/serve.ts";
import { MemorySource } from "../../../../test/support/search/memory-source.ts";
import type { TraceReader } from "../../../component/read.ts";
import { createTraceReader } from "../../../storage/read/trace-reader.ts";
import { parseTraceql } from "../../../traceql/parse.ts";
import type { UiErrorResponse } from "../api-types.ts";
import { createUiRoutes } from "../routes.ts";
import { uiViews } from "../views.ts";
import type { UiCompletionKeys, UiCompletionValues } from "./completion-types.ts";

let served: Served;
let spans = 0;
beforeAll(async () => {
  const source = new MemorySource();
  for (const request of FIXTURES.flatMap(readFixture)) source.append(toModel(request));
  const reader = withTime(createTraceReader(source));
  spans = (await reader.stats(new AbortController().signal)).spans;
  served = await serve(createUiRoutes(hostOf(reader, uiViews)));
});
afterAll(() => served.close());

/** A reader that looks at everything, however slow the machine: what is not reached in time is not told. */
function withTime(reader: TraceReader): TraceReader {
  const budgetMs = 600_000;
  return {
    ...reader,
    attributeNames: (range, signal) => demanded(reader.attributeNames)({ ...range, budgetMs }, signal),
    attributeValues: (range, signal) => demanded(reader.attributeValues)({ ...range, budgetMs }, signal),
  };
}

function demanded<Capability>(capability: Capability | undefined): Capability {
  if (capability === undefined) throw new Error("this reader lists no attributes");
  return capability;
}

async function ask<Answer>(path: string, params: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`${served.url}/api/ui/completion/${path}?${new URLSearchParams(params)}`);
  return (await answer.json()) as Answer;
}

const values = (params: Record<string, string>) => ask<UiCompletionValues>("values", params);

describe("completion", () => {
  it("lists names of attributes with their spans, the most frequent first, as a query writes them", async () => {
    const found = await ask<UiCompletionKeys>("keys");
    const counts = found.keys.map((key) => key.spans);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(found.keys.find(({ field }) => field === "resource.service.name")?.spans).toBeLessThanOrEqual(spans);
    expect(found.keys.map(({ scope }) => scope)).toEqual(expect.arrayContaining(["span", "resource", "event"]));
    for (const { field } of found.keys) expect(() => parseTraceql(`{ ${field} != nil }`)).not.toThrow();
  });

  it("lists values with their spans, and narrows them to what was typed, whatever its case", async () => {
    const all = await values({ field: "resource.service.name" });
    expect(all.values.length).toBeGreaterThan(2);
    expect(all.values[0]?.literal).toMatch(/^"/);
    const some = await values({ field: "resource.service.name", text: "FRONT" });
    expect(some.values.length).toBeGreaterThan(0);
    expect(some.values).toEqual(all.values.filter(({ literal }) => literal.includes("front")));
    expect((await values({ field: "resource.service.name", text: "no such" })).values).toEqual([]);
  });

  it("lists words of status and kind, numbers, roots, and nothing of durations and of what depends on others", async () => {
    const literals = async (field: string) => (await values({ field })).values.map(({ literal }) => literal);
    expect(await literals("status")).toContain("error");
    expect(await literals("kind")).toContain("server");
    expect(await literals("span.http.response.status_code")).toContain("200");
    expect((await literals("rootName")).length).toBeGreaterThan(0);
    for (const field of ["duration", "traceDuration", "parent.name", "childCount", "span:id"]) {
      expect(await literals(field), field).toEqual([]);
    }
  });

  it("looks in the time range alone", async () => {
    const none = { start: "1", end: "2" };
    expect(await ask<UiCompletionKeys>("keys", none)).toEqual({ keys: [], spans: 0, complete: true });
    expect((await values({ field: "name", ...none })).values).toEqual([]);
  });

  it.each([
    ["values", {}, "expected an attribute such as"],
    ["values", { field: "{ }" }, "expected an attribute such as"],
    ["values", { field: ".a, .b" }, "expected an attribute such as"],
    ["keys", { start: "soon" }, "a Unix time"],
  ])("says what is wrong: %s %j", async (path, params, message) => {
    const { error } = await ask<UiErrorResponse>(path, params as Record<string, string>);
    expect(error.code).toBe("bad_request");
    expect(error.message).toContain(message);
  });

  it("says that another engine lists none", async () => {
    const bare = await serve(createUiRoutes(hostOf(new MemoryReader([]), uiViews)));
    try {
      for (const path of ["keys", "values?field=name"]) {
        expect((await fetch(`${bare.url}/api/ui/completion/${path}`)).status).toBe(400);
      }
    } finally {
      await bare.close();
    }
  });
});
