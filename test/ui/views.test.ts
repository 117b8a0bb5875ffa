import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, type OtlpRequest, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { namelessTrace, shopTrace, skewedTrace, spanIdOf } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "a1".repeat(16);
const SKEWED = "c3".repeat(16);
const NAMELESS = "d5".repeat(16);

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(
    [shopTrace(TRACE), skewedTrace(SKEWED), namelessTrace(NAMELESS)].map((trace) => batchOf(toModel(trace))),
  );
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(`${ui.url}trace/${path}`, check);
const rowCount = (page: Page) => page.getByRole("treegrid").getAttribute("aria-rowcount").then(Number);
const row = (page: Page, name: RegExp) => page.getByRole("row", { name }).first();

describe("the views of a trace", () => {
  it("are a table of its operations, sorted by what is asked for, which leads to the longest span", () =>
    open(TRACE, async (page) => {
      await page.getByRole("button", { name: "Table", exact: true }).click();
      const table = page.getByRole("table");
      await table.getByRole("row", { name: /^payment pg\.query 1 300 ms 300 ms/ }).waitFor();
      expect(page.url()).toContain("view=table");
      await table.getByRole("button", { name: "Errors" }).click();
      await expect.poll(() => page.url()).toContain("order=errors");
      const sorted = table.getByRole("columnheader", { name: "Errors" });
      expect(await sorted.getAttribute("aria-sort")).toBe("descending");
      await page.reload();
      expect(await sorted.getAttribute("aria-sort")).toBe("descending");
      await table.getByRole("button", { name: "pg.query" }).click();
      await expect.poll(() => row(page, /^payment pg\.query/).getAttribute("aria-selected")).toBe("true");
      expect(page.url()).toContain(`span=${spanIdOf(4)}`);
      expect(page.url()).not.toContain("view=");
    }));

  it("are a map of its services, whose cards and calls lead to spans", () =>
    open(TRACE, async (page) => {
      await page.getByRole("button", { name: "Map", exact: true }).click();
      await page.waitForURL(/view=map/);
      const calls = page.getByRole("region", { name: "Calls between services" });
      const payment = calls.getByRole("button", { name: /^payment .*\d+ spans? self / });
      await payment.waitFor();
      await calls.locator("button[title*=' called ']").first().click();
      await page.waitForURL(/span=/);
      expect(page.url()).not.toContain("view=");
      await page.goBack();
      await payment.click();
      await expect.poll(() => row(page, /^payment pg\.query/).getAttribute("aria-selected")).toBe("true");
      const only = page.url().replace(TRACE, NAMELESS).replace(/\?.*/, "?view=map");
      await page.goto(only);
      await calls.getByRole("button").first().waitFor();
    }));

  it("are a flame graph, which the keyboard walks and zooms", () =>
    open(`${TRACE}?view=flame`, async (page) => {
      const boxes = page.getByRole("group", { name: /^Boxes of the flame graph/ });
      const told = page.getByRole("region", { name: "Flame graph" }).getByRole("status");
      await told.getByText("The whole trace").waitFor();
      await boxes.focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
      await expect.poll(() => told.textContent()).toContain("payment pg.query · 1 span · 300 ms");
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => told.textContent()).toContain("stock.Stock/Reserve");
      await page.keyboard.press("ArrowUp");
      await expect.poll(() => told.textContent()).toContain("POST /charges");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.url()).toContain(`focus=${spanIdOf(3)}`);
      await page.keyboard.press("Escape");
      await expect.poll(() => page.url()).not.toContain("focus=");
      await page.keyboard.press("ArrowDown");
      await page.getByRole("button", { name: "Show in the timeline" }).click();
      await page.getByRole("treegrid").waitFor();
      expect(page.url()).toContain(`span=${spanIdOf(1)}`);
    }));

  it("are its OTLP JSON, laid out", () =>
    open(TRACE, async (page) => {
      await page.getByRole("button", { name: "Raw", exact: true }).click();
      const raw = page.locator("[data-part=raw-trace]");
      await raw.waitFor();
      expect(page.url()).toContain("view=raw");
      const { resourceSpans } = JSON.parse((await raw.textContent()) ?? "") as OtlpRequest;
      const names = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      expect(names.length).toBe(8);
      expect(await raw.textContent()).toContain('\n  "resourceSpans": [\n');
    }));

  it("are filtered by the legend of services: a press for one alone, with Alt without one", () =>
    open(TRACE, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(9);
      const legend = page.getByRole("group", { name: /^Services/ });
      await legend.getByRole("button", { name: /^payment/ }).click();
      await expect.poll(() => rowCount(page)).toBe(4);
      expect(page.url()).toContain("only=payment");
      await legend.getByRole("button", { name: /^payment/ }).click();
      await expect.poll(() => rowCount(page)).toBe(9);
      await legend.getByRole("button", { name: /^stock/ }).click({ modifiers: ["Alt"] });
      await expect.poll(() => rowCount(page)).toBe(8);
      expect(page.url()).toContain("hide=stock");
      // The first error is a span of what is hidden.
      await page
        .getByRole("navigation", { name: "Errors" })
        .getByRole("button", { name: /^stock/ })
        .click();
      await expect.poll(() => rowCount(page)).toBe(9);
      expect(page.url()).not.toContain("hide=");
    }));

  it("are not filtered by a service that is not in the trace, and nothing says so", () =>
    open(`${TRACE}?only=gone`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(9);
      const struck = page.getByRole("group", { name: /^Services/ }).locator("[data-hidden=true]");
      expect(await struck.count()).toBe(0);
    }));

  it.each(["flame", "table"])("lead from %s to the span of the most self time in the timeline", (view) =>
    open(`${TRACE}?view=${view}`, async (page) => {
      await page.getByRole("button", { name: /^Most self time/ }).click();
      await expect.poll(() => row(page, /^payment pg\.query/).getAttribute("aria-selected")).toBe("true");
      expect(page.url()).not.toContain("view=");
      await page.goBack();
      await expect.poll(() => page.url()).toContain(`view=${view}`);
    }),
  );
});

describe("names that nothing can be seen of", () => {
  const NAMELESS_ROW = "(no name)";

  it("are told in the timeline, its card, the error strip, the panel of a group and the hint", () =>
    open(`${NAMELESS}?span=${spanIdOf(2)}`, async (page) => {
      const group = page.getByRole("complementary", { name: "Group" });
      await group.getByRole("heading", { name: NAMELESS_ROW }).waitFor();
      await group.getByText("blank", { exact: true }).waitFor();
      await group.getByText("absent", { exact: true }).waitFor();
      const strip = page.getByRole("navigation", { name: "Errors" });
      await strip.getByRole("button", { name: `${NAMELESS_ROW} ${NAMELESS_ROW}` }).waitFor();
      await page
        .getByRole("button", { name: /^Most self time/ })
        .getByText(NAMELESS_ROW)
        .first()
        .waitFor();
      await page
        .getByRole("group", { name: /^Services/ })
        .getByText(NAMELESS_ROW)
        .waitFor();
      const frame = await page.getByRole("treegrid").boundingBox();
      await page.mouse.move((frame?.x ?? 0) + (frame?.width ?? 0) - 60, (frame?.y ?? 0) + 68);
      await page.locator("[aria-hidden=true]").getByText(`${NAMELESS_ROW} ${NAMELESS_ROW}`).waitFor();
    }));

  it("are told in the table and the flame graph", () =>
    open(`${NAMELESS}?view=table`, async (page) => {
      await page.getByRole("table").getByRole("button", { name: NAMELESS_ROW }).waitFor();
      await page.getByRole("button", { name: "Flame", exact: true }).click();
      const boxes = page.getByRole("group", { name: /^Boxes of the flame graph/ });
      await boxes.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      const told = page.getByRole("region", { name: "Flame graph" }).getByRole("status");
      await expect.poll(() => told.textContent()).toContain(`${NAMELESS_ROW} ${NAMELESS_ROW}`);
    }));
});

describe("clocks that differ", () => {
  it("are told, and corrected when that is asked for", () =>
    open(SKEWED, async (page) => {
      const chip = page.getByRole("button", { name: /^clocks differ by about 31\d ms/ });
      await chip.waitFor();
      expect(await chip.getAttribute("aria-pressed")).toBe("false");
      const served = row(page, /^cart GET \/items/);
      expect(await served.textContent()).toContain("starts at 325 ms");
      await chip.click();
      await expect.poll(() => page.url()).toContain("clocks=corrected");
      await expect.poll(() => served.textContent()).toContain("starts at 12.5 ms");
      await page.reload();
      await expect.poll(() => served.textContent()).toContain("starts at 12.5 ms");
      await page.getByRole("button", { name: /corrected$/ }).click();
      await expect.poll(() => served.textContent()).toContain("starts at 325 ms");
    }));

  it("are not told of a trace whose calls fit", () =>
    open(TRACE, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(9);
      expect(await page.getByRole("button", { name: /^clocks differ/ }).count()).toBe(0);
    }));
});

describe("the pointer over the timeline", () => {
  const axis = async (page: Page) => {
    const box = await page.getByRole("columnheader", { name: "Time" }).boundingBox();
    return { left: (box?.x ?? 0) + 6, width: (box?.width ?? 0) - 20, y: (box?.y ?? 0) + 10 };
  };

  it("drags over the axis to zoom, or gives it up with Escape", () =>
    open(TRACE, async (page) => {
      await page.getByRole("treegrid").waitFor();
      const { left, width, y } = await axis(page);
      await page.mouse.move(left + width / 4, y);
      await page.mouse.down();
      await page.mouse.move(left + width / 2, y, { steps: 3 });
      await page.keyboard.press("Escape");
      await page.mouse.up();
      const overview = page.getByRole("img", { name: /^Overview of the trace/ });
      expect(await overview.getAttribute("aria-label")).toContain("showing 0 ns to 1.3 s");
      await page.mouse.down();
      await page.mouse.move(left + width / 4, y, { steps: 3 });
      await page.mouse.up();
      await expect.poll(() => overview.getAttribute("aria-label")).toMatch(/showing 32\d ms to 65\d ms of 1\.3 s/);
      await expect.poll(() => page.url()).toMatch(/zoom=32\d+-65\d+/);
    }));

  it("stands on a line with its time", () =>
    open(TRACE, async (page) => {
      await page.getByRole("treegrid").waitFor();
      const { left, width, y } = await axis(page);
      const time = page.getByText(/^0\.6\d+ s$/);
      expect(await time.count()).toBe(0);
      await page.mouse.move(left + width / 2, y + 60);
      await time.waitFor();
      await page.mouse.move(left - 100, y + 60);
      await expect.poll(() => time.isVisible()).toBe(false);
    }));
});

it("says that the span of its address is not there", () =>
  open(`${TRACE}?span=${spanIdOf(99)}`, async (page) => {
    await page.getByText("the linked span has not arrived").waitFor();
    await row(page, /^payment pg\.query/).click();
    await page.getByText("the linked span has not arrived").waitFor({ state: "detached" });
  }));

it("has one line of tools at the usual width, whatever they name", () =>
  open(SKEWED, async (page) => {
    const hint = await page.getByRole("button", { name: /^Most self time/ }).boundingBox();
    const find = await page.getByRole("search", { name: "Find in this trace" }).boundingBox();
    expect(Math.abs((hint?.y ?? 0) - (find?.y ?? 0))).toBeLessThan(8);
  }));

it("a window of twice the size shows at least six rows, and nothing goes sideways", () =>
  visitor.visit(`${ui.url}trace/${TRACE}`, async (page) => {
    await page.setViewportSize({ width: 720, height: 450 });
    await page.getByRole("list", { name: "Verdict" }).waitFor();
    const shown = () =>
      page.evaluate<number>(
        `[...document.querySelectorAll("[role=row][data-row]")].filter((row) => {
          const box = row.getBoundingClientRect();
          return !row.hidden && box.top >= 0 && box.bottom <= innerHeight;
        }).length`,
      );
    await expect.poll(shown).toBeGreaterThanOrEqual(6);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  }));
