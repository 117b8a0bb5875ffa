import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { repeatingTrace } from "./repeating-trace.ts";
import { chainTrace } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const REPEATING = "c".repeat(32);
const CHAIN = "b2".repeat(16);
const LEVELS = 5_000;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi([batchOf(toModel(repeatingTrace(REPEATING))), batchOf(toModel(chainTrace(CHAIN, LEVELS)))]);
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(`${ui.url}trace/${path}`, check);
const rowCount = (page: Page) => page.getByRole("treegrid").getAttribute("aria-rowcount").then(Number);
const group = (page: Page) => page.getByRole("complementary", { name: "Group" });

describe("the panel of a closed group", () => {
  it("tells how long its spans took, the slowest, and in what they differ", () =>
    open(REPEATING, async (page) => {
      await page.getByRole("row", { name: /SELECT item ×40/ }).click();
      await group(page).getByRole("heading", { name: "SELECT item" }).waitFor();
      expect(await group(page).textContent()).toContain("64 ms in total · median 1.6 ms · longest 2.2 ms · 3 errors");
      const histogram = await group(page)
        .getByRole("img", { name: /^Durations/ })
        .getAttribute("aria-label");
      const counts = [...(histogram ?? "").matchAll(/(\d+) of /g)].map(([, count]) => Number(count));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
      await group(page).getByText("Of 12 of 40 spans, the slowest among them").waitFor();
      expect(await group(page).getByRole("list").getByRole("button").count()).toBe(5);
    }));

  it("leads to one of them, which opens the group", () =>
    open(REPEATING, async (page) => {
      await page.getByRole("row", { name: /SELECT item ×40/ }).click();
      await group(page).getByRole("list").getByRole("button").first().click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByRole("heading", { name: "SELECT item" }).waitFor();
      expect(await panel.locator("[data-part=timing]").textContent()).toContain("2.2 ms");
      await expect.poll(() => rowCount(page)).toBe(45);
    }));
});

describe("a chain of spans with one child each", () => {
  it("is one row with the number of its levels, which opens", () =>
    open(CHAIN, async (page) => {
      // The root, the chain, the last of it with two children, and the head.
      await expect.poll(() => rowCount(page)).toBe(6);
      const chain = page.getByRole("row", { name: /⋯ 4998 levels|⋯ 4,998 levels/ });
      expect(await chain.getAttribute("aria-expanded")).toBe("false");
      expect(await page.getByRole("row", { name: /leaf b/ }).getAttribute("aria-level")).toBe(String(LEVELS + 1));
      await chain
        .getByText(/levels/)
        .first()
        .click();
      await expect.poll(() => rowCount(page)).toBe(LEVELS + 3);
    }));

  it("is indented by what is on screen, with the level in numbers", () =>
    open(`${CHAIN}?groups=all`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(LEVELS + 3);
      await page.getByRole("treegrid").focus();
      await page.keyboard.press("End");
      const last = page.getByRole("row", { name: /leaf b/ });
      await last.waitFor();
      expect(await last.textContent()).toContain("5,001");
      const left = async (name: RegExp) => (await page.getByRole("row", { name }).getByText("deep").boundingBox())!.x;
      const indent = (await left(/level 4999/)) - (await left(/level 4990/));
      expect(indent).toBeGreaterThan(30);
      expect((await last.getByText("leaf b").boundingBox())!.x).toBeLessThan(420);
    }));
});
