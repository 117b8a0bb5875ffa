import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { linkingTrace, shopTrace, spanIdOf } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "a1".repeat(16);
const LINKING = "b2".repeat(16);
const SIDEWAYS = `(() => {
  const stack = document.querySelector("[data-part=exception] pre");
  return stack.scrollWidth - stack.clientWidth;
})()`;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  const linking = linkingTrace(LINKING, [
    { traceId: TRACE, spanId: spanIdOf(4) },
    { traceId: TRACE, spanId: spanIdOf(99) },
    { traceId: "ee".repeat(16), spanId: spanIdOf(1) },
  ]);
  ui = await startUi([shopTrace(TRACE), linking].map((trace) => batchOf(toModel(trace))));
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (span: number, check: (page: Page) => Promise<void>) =>
  visitor.visit(`${ui.url}trace/${TRACE}?span=${spanIdOf(span)}`, check);
const panel = (page: Page) => page.getByRole("complementary", { name: "Span" });
const part = (page: Page, name: string) => panel(page).locator(`[data-part=${name}]`);
const topOf = async (page: Page, name: string) => (await part(page, name).first().boundingBox())!.y;

describe("the panel of a span", () => {
  it("tells the cause first, then what it did, how long, and all else", () =>
    open(3, async (page) => {
      await part(page, "exception").getByText("com.shop.pay.Declined", { exact: true }).waitFor();
      expect(await panel(page).getByText("no message").count()).toBe(0);
      expect(await part(page, "semantics").textContent()).toBe("HTTPPOST /charges503");
      const tops = [
        await topOf(page, "exception"),
        await topOf(page, "semantics"),
        await topOf(page, "timing"),
        (await panel(page).getByText("Attributes", { exact: true }).boundingBox())!.y,
      ];
      expect(tops).toEqual(tops.toSorted((a, b) => a - b));
      const timing = await part(page, "timing").textContent();
      for (const text of ["Duration850 ms", "Self250 ms 29.4 %", "Of the trace65.4 %"]) expect(timing).toContain(text);
    }));

  it("shows the calls of the program's own code, and those of libraries on request", () =>
    open(3, async (page) => {
      const stack = part(page, "exception").locator("pre");
      await stack.getByText("Acquirer.java:88").waitFor();
      const text = await stack.textContent();
      expect(text).toContain("PaymentController.java:41");
      expect(text).toContain("Caused by: java.net.SocketTimeoutException");
      expect(text).not.toContain("io.netty");
      await stack.getByRole("button", { name: "⋯ 2 calls in libraries" }).click();
      expect(await stack.textContent()).toContain("io.netty.channel");
      expect(await page.evaluate(SIDEWAYS)).toBe(0);
    }));

  it("lays out statements, and says what model and tokens a call of one had", async () => {
    await open(4, async (page) => {
      const card = part(page, "semantics");
      await card.getByText("SELECT stock").waitFor();
      expect(await card.locator("pre").textContent()).toBe("SELECT n\nFROM stock\nWHERE sku = $1\n  AND n > 0");
    });
    await open(8, async (page) => {
      const card = part(page, "semantics");
      await card.getByText("chat gpt-5-mini").waitFor();
      expect(await card.textContent()).toContain("1,204 in, 87 out");
    });
  });

  it("lays out JSON, follows addresses and leads to searches with and without a value", () =>
    open(3, async (page) => {
      await panel(page).getByText('"sku": "desk-22"').waitFor();
      const link = panel(page).getByRole("link", { name: "https://example.com/errors/91" });
      expect(await link.getAttribute("rel")).toContain("noopener");
      const more = panel(page).getByRole("link", { name: "Search spans with another http.route" });
      expect(decodeURIComponent((await more.getAttribute("href")) ?? "")).toContain("http.route!=/charges");
      const column = panel(page).getByRole("link", {
        name: "Search the traces of payment with a column of http.route",
      });
      expect(decodeURIComponent((await column.getAttribute("href")) ?? "")).toContain("columns=span.http.route");
      await panel(page).getByRole("link", { name: "Search spans with this http.route" }).click();
      await page.getByRole("link", { name: "frontend POST /checkout" }).waitFor();
    }));

  it("keeps its width and its sections for every span", () =>
    open(3, async (page) => {
      const splitter = page.getByRole("separator", { name: "Width of the panel" });
      await splitter.focus();
      const before = (await panel(page).boundingBox())!.width;
      for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
      await expect.poll(async () => (await panel(page).boundingBox())!.width).toBe(before + 48);
      await panel(page).getByText("Resource", { exact: true }).click();
      await panel(page).getByText("service.name").waitFor();
      await page.reload();
      await panel(page).getByText("service.name").waitFor();
      expect((await panel(page).boundingBox())!.width).toBe(before + 48);
    }));
});

it("says where links lead: to a span by its name, or to what is not stored", () =>
  visitor.visit(`${ui.url}trace/${LINKING}?span=${spanIdOf(1)}`, async (page) => {
    await panel(page).getByRole("link", { name: "a span of another trace that has not arrived" }).waitFor();
    await panel(page).getByRole("link", { name: "another trace, which is not stored here" }).waitFor();
    await panel(page).getByRole("link", { name: "payment pg.query" }).click();
    await page.waitForURL(new RegExp(`/trace/${TRACE}\\?span=${spanIdOf(4)}`));
  }));

it("stands below the timeline where it was put, as high as it was dragged, for every span", () =>
  open(3, async (page) => {
    const beside = (await panel(page).boundingBox())!;
    await panel(page).getByRole("button", { name: "Put the panel below the timeline" }).click();
    const splitter = page.getByRole("separator", { name: "Height of the panel" });
    const below = (await panel(page).boundingBox())!;
    expect(below.width).toBeGreaterThan(2 * beside.width);
    expect(below.y).toBeGreaterThan((await page.getByRole("treegrid").boundingBox())!.y);
    await splitter.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowUp");
    await expect.poll(async () => (await panel(page).boundingBox())!.height).toBe(below.height + 48);
    expect(await page.evaluate("document.documentElement.scrollHeight - innerHeight")).toBeLessThanOrEqual(0);
    await page.reload();
    await expect.poll(async () => (await panel(page).boundingBox())?.height).toBe(below.height + 48);
    await panel(page).getByRole("button", { name: "Put the panel beside the timeline" }).click();
    await expect.poll(async () => (await panel(page).boundingBox())!.width).toBe(beside.width);
  }));
