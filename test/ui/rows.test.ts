import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow } from "./page-parts.ts";
import { shopTrace, spanIdOf } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "a1".repeat(16);

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi([batchOf(toModel(shopTrace(TRACE)))]);
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (query: string, check: (page: Page) => Promise<void>) =>
  visitor.visit(`${ui.url}trace/${TRACE}${query}`, check);
const rowCount = (page: Page) => page.getByRole("treegrid").getAttribute("aria-rowcount").then(Number);
const row = (page: Page, name: RegExp) => page.getByRole("row", { name }).first();

describe("the rows of a trace", () => {
  it("say what each span did, and how it ended", () =>
    open("", async (page) => {
      await row(page, /^frontend POST → payment \/charges HTTP 503/).waitFor();
      await row(page, /^frontend POST \/checkout HTTP 502/).waitFor();
      await row(page, /^payment pg\.query SELECT stock/).waitFor();
      await row(page, /^payment stock\.Stock\/Reserve → stock gRPC 14/).waitFor();
      await row(page, /^frontend send publish orders/).waitFor();
      await row(page, /^frontend chat gpt-5-mini 1,291 tokens/).waitFor();
    }));

  it("stand for client and server together where that is asked for", () =>
    open("", async (page) => {
      await expect.poll(() => rowCount(page)).toBe(9);
      await page.getByRole("button", { name: "Merge calls" }).click();
      await expect.poll(() => rowCount(page)).toBe(7);
      expect(page.url()).toContain("pairs=merged");
      expect(await row(page, /^payment pg\.query/).getAttribute("aria-level")).toBe("3");
      await page.getByRole("treegrid").focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      await expect.poll(() => activeRow(page).textContent()).toContain("→ payment");
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => rowCount(page)).toBe(5);
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => rowCount(page)).toBe(7);
    }));

  it("show a server that is open in the row of its client, which unfolds what either hides", () =>
    open(`?pairs=merged&fold=all&span=${spanIdOf(3)}`, async (page) => {
      await page.getByRole("complementary", { name: "Span" }).getByRole("heading", { name: "POST /charges" }).waitFor();
      const client = row(page, /^frontend POST → payment/);
      await expect.poll(() => client.getAttribute("aria-selected")).toBe("true");
      await expect.poll(() => client.getAttribute("aria-expanded")).toBe("false");
      await page.getByRole("treegrid").focus();
      await page.keyboard.press("ArrowRight");
      await row(page, /^payment pg\.query/).waitFor();
      expect(await client.getAttribute("aria-expanded")).toBe("true");
    }));

  it("say beside the pointer what their bars show", () =>
    open("", async (page) => {
      const box = (await row(page, /^payment POST \/charges/).boundingBox())!;
      await page.mouse.move(box.x + 800, box.y + 12);
      const card = page.getByText("On the critical path").locator("xpath=../..");
      await card.waitFor();
      const text = await card.textContent();
      for (const part of ["payment POST /charges", "Self250 ms, 29.4 %", "Events2"]) expect(text).toContain(part);
      await page.mouse.wheel(0, 10);
      await page.mouse.move(box.x + 40, box.y + 12);
      await card.waitFor({ state: "hidden" });
    }));
});
