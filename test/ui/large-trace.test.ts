import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { largeTrace } from "./large-trace.ts";
import { launchBrowser } from "./launch-browser.ts";
import { findCount } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "a".repeat(32);
const SPANS = 100_000;

let browser: Browser;
let ui: UiServer;
let page: Page;

beforeAll(async () => {
  ui = await startUi(largeTrace(TRACE, SPANS).map((request) => batchOf(toModel(request))));
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

/**
 * In the page, because the server of these tests shares a thread with them: when the twentieth row came, when the
 * columns had been received, and how long after a key press the document was as `__wanted` says.
 */
const CLOCK = `
  window.__pressed = 0;
  addEventListener('keydown', () => { window.__pressed = performance.now(); }, true);
  addEventListener('input', () => { window.__pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (window.__rows === undefined && document.querySelectorAll('[data-row]').length >= 20) window.__rows = performance.now();
    if (window.__wanted !== undefined && window.__wanted()) {
      window.__took = performance.now() - window.__pressed;
      window.__wanted = undefined;
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });`;

/** Milliseconds between animation frames while `act` runs, in the page. */
const FRAMES = `(async (steps) => {
  const grid = document.querySelector('[role=treegrid]');
  const frames = [];
  let before = performance.now();
  for (let i = 0; i < steps; i++) {
    grid.scrollTop += 400;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  return frames.sort((a, b) => a - b);
})(120)`;

describe("a trace of 100,000 spans", () => {
  it("shows the first rows, every span counted, few nodes", async () => {
    await page.addInitScript(CLOCK);
    await page.goto(`${ui.url}trace/${TRACE}`);
    await page.locator("[data-row]").nth(20).waitFor();
    const [rows, received] = (await page.evaluate(
      "[__rows, performance.getEntriesByType('resource').find((e) => e.name.includes('/columns')).responseEnd]",
    )) as [number, number];
    console.log(
      `100k spans: rows ${Math.round(rows)} ms after navigation, ${Math.round(rows - received)} ms after the columns`,
    );
    expect(await page.getByRole("treegrid").getAttribute("aria-rowcount")).toBe(String(SPANS + 1));
    expect(await page.locator("[data-row]").count()).toBeLessThan(150);
  });

  it("scrolls through", async () => {
    const frames = (await page.evaluate(FRAMES)) as number[];
    const at = (share: number) => Math.round(frames[Math.floor(frames.length * share)]! * 10) / 10;
    console.log(`100k spans: frames p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${Math.round(frames.at(-1)!)} ms`);
    const top = Math.floor(
      ((await page.evaluate("document.querySelector('[role=treegrid]').scrollTop")) as number) / 26,
    );
    const rows = await page.evaluate(
      "Array.from(document.querySelectorAll('[data-row]:not([hidden])'), (row) => Number(row.getAttribute('aria-rowindex')))",
    );
    expect(Math.min(...(rows as number[]))).toBe(top + 2);
  });

  it("folds all, unfolds and finds", async () => {
    const timed = async (what: string, act: () => Promise<unknown>, wanted: string) => {
      await page.evaluate(`window.__took = undefined; window.__wanted = () => ${wanted};`);
      await act();
      await expect.poll(() => page.evaluate("window.__took")).toBeGreaterThan(0);
      console.log(
        `100k spans: ${what} ${Math.round((await page.evaluate("window.__took")) as number)} ms from input to result`,
      );
    };
    const rowCount = "document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')";
    await timed("fold all", () => page.keyboard.press("]"), `${rowCount} === '2'`);
    await timed("unfold all", () => page.keyboard.press("["), `${rowCount} === '${SPANS + 1}'`);
    await page.keyboard.press("/");
    await timed(
      "find by name",
      () => page.keyboard.insertText("operation 17"),
      "/^5,500/.test(document.querySelector('search[aria-label^=Find] [role=status]').textContent)",
    );
    await page.keyboard.press("Enter");
    await expect.poll(() => findCount(page).textContent()).toMatch(/^1 of 5,500/);
  });
});
