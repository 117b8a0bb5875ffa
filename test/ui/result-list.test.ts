import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { untilLater, Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
  browser = await launchBrowser();
  visitor = new Visitor(browser, {}, /404|Failed to load resource/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");

/** A trace of one span that has just ended. */
function traceNow(id: number) {
  const now = BigInt(Date.now()) * 1_000_000n;
  const hex = (digits: number) => id.toString(16).padStart(digits, "0");
  const span = {
    traceId: hex(32),
    spanId: hex(16),
    name: `call ${id}`,
    startTimeUnixNano: String(now - 1_000_000n),
    endTimeUnixNano: String(now),
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "live" } }] };
  return batchOf(toModel({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans: [span] }] }] }));
}

describe("the list of results", () => {
  it("opens a trace wherever its row is pressed, by the middle button in a tab of its own, and by j, k and Enter", () =>
    open("search?lookback=all&service=frontend", async (page) => {
      const row = results(page).nth(1);
      await row.waitFor();
      for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
      expect(await row.locator(":focus").count()).toBe(1);
      const bounds = (await row.boundingBox())!;
      const corner = [bounds.x + bounds.width - 30, bounds.y + bounds.height - 6] as const;
      const [tab] = await Promise.all([
        page.context().waitForEvent("page"),
        page.mouse.click(...corner, { button: "middle" }),
      ]);
      expect(tab.url()).toMatch(/\/trace\/[0-9a-f]{32}$/);
      await tab.close();
      expect(await row.locator(":focus").count()).toBe(1);
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/trace\/[0-9a-f]{32}$/);
      const opened = page.url();
      await page.goBack();
      await results(page).first().waitFor();
      await page.mouse.click(...corner);
      await page.waitForURL(opened);
    }));

  it("leads from a trace to the next and the previous one, and back to the same results", () =>
    open("search?lookback=all&service=frontend&sort=longest", async (page) => {
      await results(page).first().waitFor();
      const search = page.url();
      const links = await results(page)
        .getByRole("heading")
        .getByRole("link")
        .evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
      await results(page).nth(0).getByRole("link").first().click();
      await page.waitForURL(links[0] as string);
      const neighbours = page.getByRole("navigation", { name: "Results of the search" });
      await neighbours.getByText(/^1 of \d+/).waitFor();
      expect(await neighbours.getByRole("link", { name: "Previous result" }).count()).toBe(0);
      await neighbours.getByRole("link", { name: "Next result" }).click();
      await page.waitForURL(links[1] as string);
      await neighbours.getByText(/^2 of \d+/).waitFor();
      await neighbours.getByRole("link", { name: "Previous result" }).click();
      await page.waitForURL(links[0] as string);
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Search" }).click();
      await page.waitForURL(search);
      expect(await page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("frontend");
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Search" }).click();
      expect(page.url()).toBe(search);
    }));

  it("has a line of 32 px for each trace, with and without chosen columns", async () => {
    for (const columns of ["", "&columns=.http.request.method", "&columns=.http.request.method,.url.path"]) {
      await open(`search?lookback=all&service=frontend${columns}`, async (page) => {
        await results(page).first().waitFor();
        const heights = await results(page).evaluateAll((rows) =>
          rows.map((row) => (row as unknown as { offsetHeight: number }).offsetHeight),
        );
        expect(Math.max(...heights)).toBeLessThanOrEqual(32);
      });
    }
  });

  it("tells of what has come since, and lists it when it is asked to", async () => {
    const live = await startUi([traceNow(1)]);
    try {
      await visitor.visitInTime(`${live.url}search`, async (page) => {
        await expect.poll(() => results(page).count()).toBe(1);
        live.push(traceNow(2));
        live.push(traceNow(3));
        const news = page.getByRole("button", { name: "2 new" });
        await untilLater(page, () => news.isVisible());
        expect(await results(page).count()).toBe(1);
        await news.click();
        await expect.poll(() => results(page).count()).toBe(3);
        await expect.poll(() => news.count()).toBe(0);
      });
    } finally {
      await live.close();
    }
  });

  it("lets ages move", async () => {
    const live = await startUi([traceNow(1)]);
    try {
      await visitor.visitInTime(`${live.url}search`, async (page) => {
        await results(page).first().waitFor();
        const before = await results(page).first().locator("time").textContent();
        await untilLater(page, async () => (await results(page).first().locator("time").textContent()) !== before);
      });
    } finally {
      await live.close();
    }
  });
});

/** Resolves once the trace page's script is there. Where a page's clock is moved, `performance` has no entries. */
const LOADED_AHEAD = `new Promise((done) => {
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(({ name }) => /\\/trace-page-/.test(name))) done(observer.disconnect());
  });
  observer.observe({ type: "resource", buffered: true });
})`;

describe("a collector that was away", () => {
  const lookback = (page: Page) => page.getByLabel("Look-back");
  it.each([
    [
      "search",
      "search?lookback=all",
      (page: Page) => results(page).first(),
      (page: Page) => page.getByRole("button", { name: "Find traces" }).click(),
    ],
    [
      "trace",
      "search?lookback=all",
      (page: Page) => results(page).nth(3),
      async (page: Page) => {
        await results(page).nth(3).getByRole("link").first().click();
      },
    ],
    ["services", "monitor", lookback, (page: Page) => lookback(page).selectOption("2d")],
    ["map", "dependencies", lookback, (page: Page) => lookback(page).selectOption("2d")],
    ["collector", "collector", (page: Page) => page.getByRole("heading", { level: 1 }), async () => undefined],
  ] as const)("is found again by the page of %s, by itself", async (_name, path, shown, ask) => {
    const first = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
    let second: UiServer | undefined;
    try {
      await visitor.visitInTime(first.url + path, async (page) => {
        await shown(page).waitFor();
        // What the search leads to is loaded behind it.
        if (path.startsWith("search")) await page.evaluate(LOADED_AHEAD);
        await page.waitForLoadState("networkidle");
        await first.close();
        await ask(page);
        const away = page.getByText(/does not answer|could not be loaded/).first();
        await untilLater(page, () => away.isVisible());
        const port = Number(new URL(first.url).port);
        second = await startUi(
          FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))),
          "/",
          { port },
        );
        await untilLater(page, () => away.isHidden());
      });
    } finally {
      await second?.close();
    }
  });
});
