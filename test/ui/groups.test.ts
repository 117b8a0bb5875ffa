import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow, findCount } from "./page-parts.ts";
import { repeatingTrace } from "./repeating-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "c".repeat(32);
/** Span id of the first query, of which there are 40. */
const FIRST = "0000000000000004";
const ALL_ROWS = 45;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi([batchOf(toModel(repeatingTrace(TRACE)))]);
  browser = await launchBrowser();
  visitor = new Visitor(browser, {}, /404/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (query: string, check: (page: Page) => Promise<void>) =>
  visitor.visit(`${ui.url}trace/${TRACE}${query}`, check);
const rowCount = (page: Page) => page.getByRole("treegrid").getAttribute("aria-rowcount").then(Number);
const group = (page: Page) => page.getByRole("row", { name: /SELECT item ×40/ });

describe("forty queries that are alike", () => {
  it("are one row with their number, times and errors, which the keyboard opens and closes", () =>
    open("", async (page) => {
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS - 39);
      expect(await group(page).getAttribute("aria-expanded")).toBe("false");
      expect(await group(page).textContent()).toMatch(
        /40 equal spans, 64 ms in total \(1 ms to 2\.2 ms, median 1\.6 ms\), 3 errors, from 10 ms on/,
      );
      await page.getByRole("treegrid").focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
      expect(page.url()).toContain(`groups=${FIRST}`);
      expect(await group(page).getAttribute("aria-expanded")).toBe("true");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => activeRow(page).textContent()).toContain("×40");
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS - 39);
      expect(page.url()).not.toContain("groups=");
    }));

  it("are opened by their number, by Expand all and by the menu", () =>
    open("", async (page) => {
      await group(page).getByText("×40", { exact: true }).click();
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
      await group(page).getByText("×40", { exact: true }).click();
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS - 39);
      await page.getByRole("button", { name: "Expand all" }).click();
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
      await page.getByText("Fold", { exact: true }).click();
      await page.getByRole("button", { name: "Close groups of equal siblings" }).click();
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS - 39);
    }));

  it("are opened by a step to an error, a find or a link to one of them", async () => {
    await open("", async (page) => {
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS - 39);
      await page.keyboard.press("e");
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
      expect(await activeRow(page).getAttribute("data-error")).toBe("true");
      expect(await activeRow(page).getAttribute("aria-rowindex")).toBe("12");
    });
    await open("?uiFind=item%2020", async (page) => {
      await expect.poll(() => findCount(page).textContent()).toBe("1");
      expect(await group(page).getAttribute("data-match")).toBe("true");
      await page.getByRole("textbox", { name: "Find in names and attributes" }).press("Enter");
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
      await expect.poll(() => activeRow(page).getAttribute("aria-rowindex")).toBe("21");
    });
    await open("?span=0000000000000014", async (page) => {
      await page.getByRole("complementary", { name: "Span" }).getByText("item 20").waitFor();
      await expect.poll(() => rowCount(page)).toBe(ALL_ROWS);
    });
  });
});
