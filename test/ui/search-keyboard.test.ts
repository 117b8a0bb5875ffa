import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTraceReader } from "../../src/storage/read/trace-reader.ts";
import { FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { MemorySource } from "../support/search/memory-source.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  const source = new MemorySource();
  for (const request of FIXTURES.flatMap(readFixture)) source.append(toModel(request));
  ui = await startUi([], "/", { from: createTraceReader(source) });
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");
const inRow = "document.activeElement.closest('li[data-trace]')?.dataset.trace";

describe("search by keyboard", () => {
  it("reaches the first result with at most five presses of Tab", () =>
    open("search?lookback=all", async (page) => {
      await results(page).first().waitFor();
      const first = await results(page).first().getAttribute("data-trace");
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      expect(await page.evaluate(inRow)).toBe(first);
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`/trace/${first}$`));
    }));

  it("shows a trace at a glance with the space bar, and takes it along with j and k", () =>
    open(`search?lookback=all&q=${encodeURIComponent("{ status = error }")}`, async (page) => {
      await results(page).first().waitFor();
      const glance = page.getByRole("region", { name: "At a glance" });
      await page.keyboard.press("j");
      await page.keyboard.press("Space");
      await glance.getByText(/spans? of \d+ service/).waitFor();
      expect(await results(page).nth(0).locator("section").count()).toBe(1);
      await page.keyboard.press("j");
      await expect.poll(() => results(page).nth(1).locator("section").count()).toBe(1);
      expect(await glance.count()).toBe(1);
      await page.keyboard.press("Space");
      await expect.poll(() => glance.count()).toBe(0);
      expect(await page.evaluate("scrollY")).toBe(0);
    }));

  it("says at a glance where a trace failed, and leads there", () => {
    const { traceId } = readFacts()["node-shop"].notable.error500!;
    return open(`search?lookback=all&q=${encodeURIComponent(`{ trace:id = "${traceId}" }`)}`, async (page) => {
      await results(page).first().getByRole("link").first().focus();
      await page.keyboard.press("Space");
      const cause = page.getByRole("region", { name: "At a glance" }).getByRole("link").first();
      await cause.click();
      await page.waitForURL(new RegExp(`/trace/${traceId}\\?span=[0-9a-f]{16}$`));
    });
  });

  it("picks two traces with c, and compares the first with the second", () =>
    open("search?lookback=all&service=frontend", async (page) => {
      await results(page).nth(3).waitFor();
      const ids = await results(page).evaluateAll((rows) => rows.map((row) => row.getAttribute("data-trace")));
      const picked = page.getByRole("region", { name: "Picked to compare" });
      for (const key of ["j", "c"]) await page.keyboard.press(key);
      const typical = picked.getByRole("link", { name: "Compare with a typical one" });
      expect(await typical.getAttribute("href")).toContain(`trace/typical...${ids[0]}`);
      for (const key of ["j", "c", "j", "c"]) await page.keyboard.press(key);
      await expect.poll(() => results(page).getByRole("checkbox", { checked: true }).count()).toBe(2);
      await picked.getByRole("link", { name: "Compare" }).click();
      await page.waitForURL(new RegExp(`/trace/${ids[0]}\\.\\.\\.${ids[2]}$`));
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.goBack();
      await results(page).nth(1).getByRole("checkbox").check();
      await picked.getByRole("button", { name: "Clear" }).click();
      await expect.poll(() => picked.count()).toBe(0);
    }));

  it("marks cells of the heat map, says what they hold, and searches for it", () =>
    open("search?lookback=all&limit=100", async (page) => {
      const map = page.getByRole("application", { name: "Heat map" });
      await map.focus();
      await page.keyboard.press("ArrowUp");
      const words = map.getByRole("status");
      await expect.poll(() => words.textContent()).toMatch(/^\d+ traces?/);
      await page.keyboard.press("Shift+Home");
      await page.keyboard.press("Shift+End");
      for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowDown");
      const said = Number(/^([\d,]+) trace/.exec((await words.textContent()) ?? "")?.[1]?.replace(",", ""));
      await page.keyboard.press("Enter");
      await page.waitForURL(/minTraceDuration=/);
      await page.getByText(/^Traces at least/).waitFor();
      await expect
        .poll(async () =>
          Number((await page.getByRole("heading", { name: /^[\d,]+ traces?$/ }).textContent())?.replace(/\D/g, "")),
        )
        .toBe(said);
    }));
});
