import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { durationPlot } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const node = readFacts()["node-shop"].notable;
let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
  ui.reader.links = [
    {
      parent: "frontend",
      child: "orders",
      callCount: 209,
      errorCount: 12,
      p50Nano: 15_700_000,
      p99Nano: 2_290_000_000,
    },
    { parent: "orders", child: "inventory", callCount: 48, errorCount: 0 },
  ];
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");

describe("daily use", () => {
  it("searches for what is dragged over on the heat map, for a cell too, and goes back", () =>
    open("search?service=frontend&lookback=all&limit=100", async (page) => {
      const plot = durationPlot(page);
      await plot.waitFor();
      const name = await plot.getAttribute("aria-label");
      const all = await results(page).count();
      const box = (await plot.boundingBox())!;
      await page.mouse.move(box.x + 64, box.y + 12);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width - 16, box.y + 60, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/minTraceDuration=\d+us/);
      expect(page.url()).not.toMatch(/maxTraceDuration|start=/);
      await page.getByText(/^Traces at least/).waitFor();
      await expect.poll(() => results(page).count()).toBeLessThan(all);
      expect(await results(page).count()).toBeGreaterThan(0);
      await page.getByRole("button", { name: "Show all" }).click();
      await expect.poll(() => results(page).count()).toBe(all);
      await page.goBack();
      await page.getByText(/^Traces at least/).waitFor();
      await page.goBack();
      await expect.poll(() => durationPlot(page).getAttribute("aria-label")).toBe(name);
    }));

  it("leaves only traces with errors, and all again", () =>
    open("search?lookback=all&limit=100&service=frontend", async (page) => {
      const only = page.getByRole("button", { name: "Only errors" });
      await results(page).first().waitFor();
      const all = await results(page).count();
      await only.click();
      await page.waitForURL(/tags=%7B%22error%22%3A%22true%22%7D/);
      // While the new results load the list is empty: wait for them, not for the absence of the old ones.
      await expect
        .poll(async () => [
          await results(page).and(page.locator(":not([data-error=true])")).count(),
          (await results(page).and(page.locator("[data-error=true]")).count()) > 0,
        ])
        .toEqual([0, true]);
      expect(await only.getAttribute("aria-pressed")).toBe("true");
      await only.click();
      await expect.poll(() => results(page).count()).toBe(all);
      await page.getByRole("combobox", { name: "Order", exact: true }).selectOption("longest");
      await expect.poll(() => page.url()).toContain("sort=longest");
    }));

  it("points at the span that took the time", () =>
    open(`trace/${node.slowReport!.traceId}`, async (page) => {
      await page.getByRole("button", { name: /^Most self time/ }).click();
      await page.getByRole("complementary", { name: "Span" }).waitFor();
      expect(page.url()).toContain("span=");
    }));

  it("remembers the theme", () =>
    open("search", async (page) => {
      const theme = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const light = await theme();
      await page.getByRole("button", { name: /Switch to light/ }).click();
      expect(await theme()).toBe(light);
      await page.getByRole("button", { name: /Switch to dark/ }).click();
      await expect.poll(theme).not.toBe(light);
      const dark = await theme();
      await page.reload();
      await page.getByRole("button", { name: /Colours: dark/ }).waitFor();
      expect(await theme()).toBe(dark);
    }));

  it("finds the slow span by keyboard alone, and leaves with its link", () =>
    open("", async (page) => {
      await page.waitForURL(/\/search$/);
      const tabTo = async (label: RegExp) => {
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press("Tab");
          const name = await page.evaluate(
            "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent)",
          );
          if (label.test(String(name))) return;
        }
        throw new Error(`no stop named ${label}`);
      };
      await tabTo(/^Service$/);
      await page.keyboard.type("frontend");
      await tabTo(/^Min duration$/);
      await page.keyboard.type("1.5s");
      await tabTo(/^Look-back$/);
      await page.keyboard.type("Any");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL(/minDuration=1.5s/);
      await results(page).first().waitFor();
      await tabTo(/frontend GET \/api\/report/);
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(node.slowReport!.traceId));
      await tabTo(/^Spans of the trace$/);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("complementary", { name: "Span" }).waitFor();
      const before = page.url();
      await page.keyboard.press("ArrowDown");
      await expect.poll(() => page.url()).not.toBe(before);
      await tabTo(/^Copy a link to this span$/);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Copied" }).waitFor();
    }));

  it("leads from the map and the services to their traces", async () => {
    await open("dependencies", async (page) => {
      await page.getByRole("button", { name: "Table" }).click();
      await page.getByRole("row", { name: /frontend orders 209 12 5.7 % 15.7 ms 2.29 s/ }).waitFor();
      await page.getByRole("button", { name: "Graph" }).click();
      await page
        .getByRole("region", { name: /^Map/ })
        .getByRole("link", { name: /^orders/ })
        .press("Enter");
      await page
        .getByRole("complementary", { name: "Service" })
        .getByRole("link", { name: "Search traces" })
        .press("Enter");
      await page.waitForURL(/search\?service=orders&lookback=24h/);
    });
    await open("monitor", async (page) => {
      await page.getByRole("textbox", { name: /Filter services/ }).fill("api/boom");
      await page.getByRole("link", { name: "GET /api/boom", exact: true }).click();
      await page.waitForURL(/search\?service=frontend&operation=GET\+%2Fapi%2Fboom/);
    });
  });

  it("shows what the collector does and which destination fails", () =>
    open("collector", async (page) => {
      await page.getByText("connect ECONNREFUSED 127.0.0.1:14250").waitFor();
      await page.getByText("40 spans, 61 s").waitFor();
      await page.getByText("3 days", { exact: true }).waitFor();
      const left = page.getByRole("region", { name: "Not in rates and calls" }).getByRole("row");
      expect((await left.allTextContents()).slice(1)).toEqual([
        expect.stringMatching(/^spans that begin at no possible time, or far from their receipt 2/),
      ]);
    }));

  it("goes round the single-letter shortcuts when they are turned off", () =>
    open(`trace/${node.error500!.traceId}`, async (page) => {
      await page.getByRole("treegrid").waitFor();
      await page.keyboard.press("?");
      await page.getByRole("checkbox", { name: "Single-letter shortcuts" }).uncheck();
      await page.keyboard.press("Escape");
      await page.keyboard.press("]");
      await page.getByRole("button", { name: "Collapse all" }).click();
      await page.waitForURL(/fold=all/);
      await page.keyboard.press("[");
      expect(page.url()).toContain("fold=all");
    }));
});
