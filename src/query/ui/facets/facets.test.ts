import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, readFixture, toModel } from "../../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../../test/support/query/serve.ts";
import { MemorySource } from "../../../../test/support/search/memory-source.ts";
import { createTraceReader } from "../../../storage/read/trace-reader.ts";
import type { UiErrorResponse, UiSearchResponse } from "../api-types.ts";
import { createUiRoutes } from "../routes.ts";
import { uiViews } from "../views.ts";
import type { UiFacetsResponse } from "./facet-types.ts";

let served: Served;
beforeAll(async () => {
  const source = new MemorySource();
  for (const request of FIXTURES.flatMap(readFixture)) source.append(toModel(request));
  served = await serve(createUiRoutes(hostOf(createTraceReader(source), uiViews)));
});
afterAll(() => served.close());

async function ask<Answer>(path: string, params: Record<string, string>): Promise<Answer> {
  const answer = await fetch(`${served.url}/api/ui/${path}?${new URLSearchParams(params)}`);
  return (await answer.json()) as Answer;
}

async function total(q: string): Promise<number | undefined> {
  return (await ask<UiSearchResponse>("search", { q, count: "true", limit: "1" })).total?.traces;
}

describe("GET /api/ui/facets", () => {
  it.each(["status = error", 'resource.service.name = "frontend"', "span.http.response.status_code >= 400", ""])(
    "counts for { %s } what a search for the value finds, and the rest is what a search without it finds",
    async (where) => {
      const { facets, traces, complete } = await ask<UiFacetsResponse>("facets", { q: `{ ${where} }` });
      expect([complete, traces]).toEqual([true, await total(`{ ${where} }`)]);
      expect(facets.length).toBeGreaterThan(10);
      const and = where === "" ? "" : `${where} && `;
      for (const { field, values, traces: having } of facets.slice(0, 12)) {
        expect(await total(`{ ${and}${field} != nil }`), field).toBe(having);
        for (const { literal, traces: counted } of values.slice(0, 2)) {
          expect(await total(`{ ${and}${field} = ${literal} }`), `${field} = ${literal}`).toBe(counted);
        }
      }
    },
  );

  it("counts what a pipeline leaves", async () => {
    const q = '{ resource.service.name = "frontend" } >> { status = error } | count() > 1';
    const { facets, traces } = await ask<UiFacetsResponse>("facets", { q });
    expect([traces > 0, traces]).toEqual([true, await total(q)]);
    for (const { field, values } of facets.slice(0, 8)) {
      for (const { literal, traces: counted } of values.slice(0, 2)) {
        expect(await total(`${q} | { ${field} = ${literal} }`), `${field} = ${literal}`).toBe(counted);
      }
    }
  });

  it("gives more values of one attribute on demand", async () => {
    const few = await ask<UiFacetsResponse>("facets", { values: "1", field: "name" });
    const more = await ask<UiFacetsResponse>("facets", { values: "1000", field: "name" });
    expect(few.facets.map(({ field, values }) => [field, values.length])).toEqual([["name", 1]]);
    expect(more.facets[0]?.values.length).toBe(more.facets[0]?.distinct);
    expect(more.facets[0]?.values[0]).toEqual(few.facets[0]?.values[0]);
  });

  it.each([
    [{ field: "event.a" }, "expected span.key, resource.key, name, kind or status"],
    [{ field: "duration" }, "expected span.key, resource.key, name, kind or status"],
    [{ field: "{ }" }, "expected an attribute such as span.http.method"],
    [{ keys: "0" }, "expected a whole number from 1 to 500"],
    [{ q: "{ status = eror }" }, 'did you mean "error"?'],
    [{ q: "{ } | rate()" }, "expected a search"],
  ])("says what is wrong with %j", async (params, message) => {
    const { error } = await ask<UiErrorResponse>("facets", params as unknown as Record<string, string>);
    expect(error.code).toBe("bad_request");
    expect(error.message).toContain(message);
  });

  it("says that another engine counts none", async () => {
    const reader = Object.assign(new MemoryReader([]), { facets: undefined });
    const bare = await serve(createUiRoutes(hostOf(reader, uiViews)));
    try {
      const answer = await fetch(`${bare.url}/api/ui/facets`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { message: "this store counts no attributes" } });
    } finally {
      await bare.close();
    }
  });
});
