import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TraceReader } from "../../src/component/read.ts";
import { demoStore } from "../support/query/demo-store.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { durationPlot } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RUN = `axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(" | ")))`;
const { reader: hasty, traces } = demoStore(700, Date.now() - 3_550_000);
/** On a busy machine a second is short. */
const reader: TraceReader = {
  ...hasty,
  weigh: (query, signal) => (hasty.weigh as NonNullable<TraceReader["weigh"]>)({ ...query, budgetMs: 60_000 }, signal),
};

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
let without: UiServer;
beforeAll(async () => {
  ui = await startUi([], "/", { from: reader });
  const { weigh: _, ...other } = reader;
  without = await startUi([], "/", { from: other as TraceReader });
  browser = await launchBrowser();
  visitor = new Visitor(browser, { bypassCSP: true }, /40[04]/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
  await without?.close();
});

const open = (path: string, check: (page: Page) => Promise<unknown>, width?: number) =>
  visitor.visit(ui.url + path, check, width);
const drawer = (page: Page) => page.getByRole("region", { name: /^What is different about/ });
const rows = (page: Page) =>
  drawer(page).getByRole("list", { name: "Attributes, the most telling first" }).getByRole("listitem");

/** Drags over all that took longer than a second. */
async function dragAboveOneSecond(page: Page): Promise<void> {
  const plot = durationPlot(page);
  await plot.waitFor();
  // What comes after the map is there, and moves nothing any more.
  await page.getByRole("list", { name: "Traces" }).waitFor();
  await page.getByRole("heading", { name: "Attributes", exact: true }).waitFor();
  await page.getByRole("button", { name: "Explain the errors" }).waitFor();
  const box = (await plot.boundingBox())!;
  const second = (await plot.getByText("1 s", { exact: true }).boundingBox())!;
  const line = second.y + second.height / 2;
  await page.mouse.move(box.x + 66, box.y + 11);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 16, line - 4, { steps: 4 });
  await page.mouse.up();
}

describe("explaining a selection", () => {
  it("ranks what makes the demo shop slow first when the slow traces are dragged over, and leads to them", () =>
    open("search?lookback=2h", async (page) => {
      await dragAboveOneSecond(page);
      const first = rows(page).first();
      await first.getByRole("heading", { name: "shop.sku = desk-22" }).waitFor();
      expect(await first.textContent()).toMatch(/selected.*\d+ %.*others.*\d+(\.\d+)? %/);
      const slow = traces.filter(({ nano }) => nano >= 1e9).length;
      expect(
        await drawer(page)
          .getByText(/ against .* of the others of this search;/)
          .textContent(),
      ).toMatch(new RegExp(`^(${slow}|${slow + 1}|${slow + 2}) against `));
      await first.getByRole("button", { name: "Only these: traces with shop.sku=desk-22" }).click();
      await page.waitForURL(/q=.*desk-22/);
      expect(new URL(page.url()).searchParams.get("minTraceDuration")).toMatch(/^(999999|1000000)us$/);
      await page.getByRole("heading", { name: /^\d+ traces/ }).waitFor();
      expect(await drawer(page).count()).toBe(0);
      await page.goBack();
      await first.waitFor();
    }));

  it("explains what failed, by keyboard alone, and closes by Escape", () =>
    open("search?lookback=2h", async (page) => {
      const button = page.getByRole("button", { name: "Explain the errors" });
      await button.focus();
      await page.keyboard.press("Enter");
      await rows(page).first().waitFor();
      expect(await page.evaluate("document.activeElement.id")).toBe("explain-title");
      expect(page.url()).toContain("explain=errors");
      await page.keyboard.press("Escape");
      await expect.poll(() => drawer(page).count()).toBe(0);
      expect(page.url()).not.toContain("explain");
    }));

  it("weighs what a query finds against everything else, from its address", () =>
    open(
      `search?lookback=2h&explain=query&q=${encodeURIComponent('{ span.payment.card_network = "amex" }')}`,
      async (page) => {
        await rows(page).first().getByRole("heading", { name: "payment.card_network = amex" }).waitFor();
        await drawer(page)
          .getByText(/of the others of the time range;/)
          .waitFor();
      },
    ));

  it("says where there is nothing to weigh", () =>
    open("search?lookback=2h&minTraceDuration=1us&explain=selection", async (page) => {
      await drawer(page)
        .getByText(/^Nothing to weigh them against/)
        .waitFor();
    }));

  it("says that a store cannot weigh", () =>
    visitor.visit(`${without.url}search?lookback=2h&explain=errors`, async (page) => {
      await drawer(page).getByText("this store does not weigh the attributes of traces").waitFor();
    }));

  it.each([
    ["light", 1280],
    ["light", 390],
    ["dark", 1280],
    ["dark", 390],
  ] as const)("has no violations of accessibility in %s at %d px, and no sideways scroll", (theme, width) =>
    open(
      "search?lookback=2h&minTraceDuration=1s&explain=selection",
      async (page) => {
        await page.emulateMedia({ colorScheme: theme });
        await rows(page).first().waitFor();
        await page.addScriptTag({ content: AXE });
        expect(await page.evaluate(RUN)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      },
      width,
    ),
  );
});
