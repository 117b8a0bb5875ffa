import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GappedStore, startGappedStore } from "../support/query/gapped-store.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";

let browser: Browser;
let visitor: Visitor;
let store: GappedStore;
beforeAll(async () => {
  browser = await launchBrowser();
  visitor = new Visitor(browser, {}, /503/);
});
afterAll(() => browser?.close());

const NOTICE = "This page may lack something";

describe("a page while a part of what is stored cannot be read", () => {
  it.each([
    ["search", () => "search?lookback=all"],
    ["trace", () => `trace/${store.traceId}`],
    ["services", () => "monitor"],
    ["map", () => "dependencies"],
  ])("%s says so and why, and no longer when it can", async (_, path) => {
    store = await startGappedStore();
    try {
      await visitor.visit(store.url + path(), async (page) => {
        const notice = page.getByRole("status").filter({ hasText: NOTICE });
        await notice.waitFor();
        expect(await notice.textContent()).toMatch(/A part of what is stored cannot be read now.*00000001\.db/);
        store.heal();
        await eventually("the notice is gone", async () => {
          await page.reload();
          await page.getByRole("heading", { level: 1 }).first().waitFor({ state: "attached" });
          await page.waitForLoadState("networkidle");
          return (await notice.count()) === 0;
        });
      });
    } finally {
      await store.close();
    }
  });

  it("search counts what came in the time range and began outside of it", async () => {
    store = await startGappedStore();
    store.heal();
    try {
      await visitor.visit(`${store.url}search?lookback=1h`, async (page) => {
        await page.getByText("60 matching spans came in this time range and began outside of it").waitFor();
        await page.getByText("60 before it: a clock is wrong, or old spans were sent.").waitFor();
        await page.getByRole("button", { name: "Search any time" }).first().click();
        await page.getByText("16 traces").waitFor();
      });
    } finally {
      await store.close();
    }
  });
});
