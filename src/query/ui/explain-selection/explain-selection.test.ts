import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoStore } from "../../../../test/support/query/demo-store.ts";
import { hostOf } from "../../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../../test/support/query/serve.ts";
import type { TraceReader } from "../../../component/read.ts";
import type { UiErrorResponse, UiSearchResponse } from "../api-types.ts";
import { createUiRoutes } from "../routes.ts";
import { uiViews } from "../views.ts";
import type { UiSelectionExplained } from "./explain-types.ts";

const { reader: hasty, traces } = demoStore(900, 1_795_392_000_000);
/** On a busy machine a second is short. */
const reader: TraceReader = {
  ...hasty,
  weigh: (query, signal) => (hasty.weigh as NonNullable<TraceReader["weigh"]>)({ ...query, budgetMs: 60_000 }, signal),
};

let served: Served;
beforeAll(async () => {
  served = await serve(createUiRoutes(hostOf(reader, uiViews)));
});
afterAll(() => served?.close());

async function ask<T>(path: string, params: Record<string, string>, of = served): Promise<T> {
  const response = await fetch(`${of.url}/api/ui/${path}?${new URLSearchParams(params)}`);
  return (await response.json()) as T;
}

const explain = (params: Record<string, string>) => ask<UiSelectionExplained>("explain-selection", params);
const count = async (q: string) => (await ask<UiSearchResponse>("search", { q, count: "true" })).total?.traces;

describe("GET /api/ui/explain-selection", () => {
  it("ranks what was planted in the demo shop first, of traces that took above a second", async () => {
    const found = await explain({ "selected.minTraceDuration": "1s" });
    const slow = traces.filter(({ nano }) => nano >= 1e9).length;
    expect(found.selected.counted).toBe(found.selected.found);
    expect(found.selected.found).toBeGreaterThanOrEqual(slow);
    expect(found.selected.found + found.rest.found).toBe(traces.length);
    expect(found.complete).toBe(true);
    expect(found.attributes[0]).toMatchObject({
      scope: "span",
      key: "shop.sku",
      value: "desk-22",
      condition: 'span.shop.sku = "desk-22"',
      byChance: false,
    });
    expect(found.attributes[0]?.selectedShare).toBeGreaterThan(0.8);
  });

  it("has counts that a search for the condition has", async () => {
    const { attributes, selected, rest } = await explain({ "selected.errors": "true" });
    expect(selected.found).toBe(traces.filter(({ failed }) => failed).length);
    const several = attributes.filter(({ service, condition }) => service === undefined && condition !== undefined);
    expect(several.length).toBeGreaterThan(5);
    for (const one of several.slice(0, 8)) {
      expect(await count(`{ ${one.condition} }`), one.condition).toBe(one.selected + one.rest);
      expect(await count(`{ ${one.condition} } && { status = error }`), one.condition).toBe(one.selected);
      expect([one.selectedShare, one.restShare]).toEqual([one.selected / selected.counted, one.rest / rest.counted]);
    }
  });

  it("puts how a call failed behind what failed calls have otherwise", async () => {
    const { attributes } = await explain({ "selected.errors": "true", q: '{ resource.service.name = "payment" }' });
    expect(attributes[0]).toMatchObject({ outcome: false });
    expect(attributes.slice(0, 8).map(({ value }) => value)).toContain("amex");
    const outcomes = attributes.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(outcomes.toSorted());
    expect(outcomes).toContain(true);
  });

  it("takes a query for the selection, within the search", async () => {
    const { attributes, selected } = await explain({
      operation: "POST /checkout",
      service: "frontend",
      "selected.q": '{ span.payment.card_network = "amex" }',
    });
    expect(selected.found).toBe(await count('{ span.payment.card_network = "amex" } && { name = "POST /checkout" }'));
    expect(attributes[0]).toMatchObject({ key: "payment.card_network", value: "amex", restShare: 0 });
  });

  it("says what it lacks: a selection, and a store that can weigh", async () => {
    const nothing = await ask<UiErrorResponse>("explain-selection", { service: "frontend" });
    expect(nothing.error.message).toContain("nothing is selected: expected selected.errors=true");
    const wrong = await ask<UiErrorResponse>("explain-selection", { "selected.minTraceDuration": "long" });
    expect(wrong.error.message).toContain("minTraceDuration");
    const { weigh: _, ...other } = reader;
    const without = await serve(createUiRoutes(hostOf(other as TraceReader, uiViews)));
    try {
      const answer = await ask<UiErrorResponse>("explain-selection", { "selected.errors": "true" }, without);
      expect(answer.error).toEqual({
        code: "bad_request",
        message: "this store does not weigh the attributes of traces",
      });
    } finally {
      await without.close();
    }
  });
});
