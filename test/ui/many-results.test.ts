import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { manyTraces } from "./many-traces.ts";
import { durationPlot } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const COUNT = 12_000;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi([], "/", { from: manyTraces(COUNT) });
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");

it("tells how many traces match, and puts all of them in order", () =>
  open("search", async (page) => {
    await page.getByRole("heading", { name: "12,000 traces" }).waitFor();
    await page.getByText("20 shown").waitFor();
    await page.getByRole("combobox", { name: "Order", exact: true }).selectOption("longest");
    await expect.poll(() => results(page).first().textContent()).toContain("9.66 s");
    await page.getByRole("heading", { name: "12,000 traces" }).waitFor();
    await page.getByRole("combobox", { name: "Order", exact: true }).selectOption("errors");
    await expect.poll(() => results(page).first().textContent()).toContain("1 error");
    await page.getByRole("combobox", { name: "Order", exact: true }).selectOption("shortest");
    await expect.poll(() => results(page).first().locator("time + span").textContent()).toBe("1 ms");
  }));

it("draws all of them over the whole look-back, with few nodes, and finds what is dragged over", () =>
  open("search?lookback=1h", async (page) => {
    const plot = durationPlot(page);
    await plot.waitFor();
    expect(await plot.getAttribute("aria-label")).toContain("12,000 traces, 124 with errors");
    expect(await plot.locator("*").count()).toBeLessThan(200);
    const box = (await plot.boundingBox())!;
    // The decade up to 10 s is the upper quarter of the axis from 1 ms on.
    await page.mouse.move(box.x + 64, box.y + 11);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 16, box.y + 18, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/minTraceDuration=/);
    await page.getByRole("heading", { name: "12 traces" }).waitFor();
  }));

it("stays small and goes on by keyboard when all of them are loaded", () =>
  open("search?limit=1500", async (page) => {
    for (let loaded = 1500; loaded < COUNT; loaded += 1500) {
      await page.getByText(`${loaded.toLocaleString("en")} shown`).waitFor();
      await page.getByRole("button", { name: "Load more" }).click();
    }
    await expect.poll(() => page.getByRole("button", { name: "Load more" }).count()).toBe(0);
    await page.getByRole("heading", { name: "12,000 traces" }).waitFor();
    const last = results(page).last();
    // Rows that were not on screen yet have no height of their own: the end moves.
    const atEnd = async () => {
      await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
      return last.getAttribute("aria-posinset");
    };
    await expect.poll(atEnd).toBe("12000");
    expect(await last.textContent()).toContain("GET /item/0");
    await last.getByRole("link").first().focus();
    const focused = "document.activeElement.closest('li').getAttribute('aria-posinset')";
    for (let at = 11_999; at >= 11_970; at--) {
      await page.keyboard.press("k");
      await expect.poll(() => page.evaluate(focused)).toBe(String(at));
    }
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(2_000);
  }));
