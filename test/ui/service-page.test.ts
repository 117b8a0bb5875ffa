import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TraceReader } from "../../src/component/read.ts";
import { createTraceReader } from "../../src/storage/read/trace-reader.ts";
import { batchOf, type OtlpSpan, toModel } from "../support/query/fixture-traces.ts";
import { MemoryReader } from "../support/query/memory-reader.ts";
import { MemorySource } from "../support/search/memory-source.ts";
import { violations } from "./axe.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const MINUTE_MS = 60_000;
const NAME = "shop/é 1";

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

/** Requests of the two last hours: in the last, three in ten fail and take ten times as long. */
function requests(): OtlpSpan[] {
  const spans: OtlpSpan[] = [];
  const now = Date.now();
  for (let i = 0; i < 400; i++) {
    const ago = (i * 118 * MINUTE_MS) / 400 + MINUTE_MS / 2;
    const failed = ago < 55 * MINUTE_MS && i % 10 < 3;
    const start = BigInt(Math.floor(now - ago)) * 1_000_000n;
    spans.push({
      traceId: (i + 1).toString(16).padStart(32, "0"),
      spanId: (i + 1).toString(16).padStart(16, "0"),
      name: i % 2 === 0 ? "GET /" : "POST /order",
      kind: 2,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + (failed ? 500_000_000n : 50_000_000n)),
      status: { code: failed ? 2 : 0 },
    });
  }
  return spans;
}

beforeAll(async () => {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: NAME } }] };
  const data = toModel({ resourceSpans: [{ resource, scopeSpans: [{ spans: requests() }] }] });
  const source = new MemorySource();
  source.append(data);
  // Rates and calls are kept by aggregates, which a source in memory has none of.
  const counted = new MemoryReader([batchOf(data)]);
  counted.links = [{ parent: "web", child: NAME, callCount: 400, errorCount: 60, p50Nano: 5e7, p99Nano: 5e8 }];
  const from: TraceReader = {
    ...createTraceReader(source),
    red: (query) => counted.red(query),
    dependencies: (query) => counted.dependencies(query),
    servicePlaces: () => counted.servicePlaces(),
  };
  ui = await startUi([], "/", { from });
  browser = await launchBrowser();
  // The content policy would refuse axe.
  visitor = new Visitor(browser, { bypassCSP: true });
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const figure = (page: Page, name: string) =>
  page.locator("dl > div", { hasText: new RegExp(`^${name}`) }).locator("dd");

describe("a service's page", () => {
  it("is reached from the list, which says what changed", () =>
    open("monitor", async (page) => {
      const changed = page.getByRole("region", { name: "What changed" });
      await changed.getByText(/Against the hour before/).waitFor();
      await changed.getByText(/failed [23]\d(?:\.\d)? %, was 0 %/).waitFor();
      await page.getByRole("rowheader").getByRole("link", { name: NAME }).click();
      await page.getByRole("heading", { level: 1, name: NAME }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/services/${encodeURIComponent(NAME)}`);
      await expect.poll(() => figure(page, "Failed").textContent()).toMatch(/was 0 %$/);
      await expect.poll(() => page.locator("a[aria-current=page]").textContent()).toBe("Services");
    }));

  it("has dots on the chart that open the traces of slow and failed requests", () =>
    open(`services/${encodeURIComponent(NAME)}`, async (page) => {
      const dots = page.getByRole("list", { name: "Traces on the chart" }).getByRole("link");
      await expect.poll(() => dots.count()).toBeGreaterThan(2);
      const dot = page.getByRole("link", { name: /, 500 ms, failed/ }).first();
      await dot.focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/trace\/[0-9a-f]{32}\?span=[0-9a-f]{16}/);
      await page.getByRole("complementary", { name: "Span" }).waitFor();
    }));

  it("keeps all that is chosen in the address: operation, table, order, look-back", () =>
    open(`services/${encodeURIComponent(NAME)}`, async (page) => {
      await page.getByRole("region", { name: "Operations" }).getByRole("link", { name: "POST /order" }).click();
      await page.getByRole("link", { name: "all operations" }).waitFor();
      await page.getByRole("button", { name: "Table" }).click();
      await page.getByRole("columnheader", { name: "From" }).waitFor();
      await page.getByRole("button", { name: "p95" }).click();
      await page.getByLabel("Look-back").selectOption("3h");
      await page.waitForURL(/lookback=3h/);
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
        operation: "POST /order",
        kind: "server",
        view: "table",
        sort: "-p95",
        lookback: "3h",
      });
      await page.reload();
      await page.getByRole("columnheader", { name: "From" }).waitFor();
      const operations = page.getByRole("region", { name: "Operations" });
      const sorted = operations.getByRole("columnheader", { name: "p95", exact: true });
      await expect.poll(() => sorted.getAttribute("aria-sort")).toBe("descending");
      expect(await page.getByLabel("Look-back").inputValue()).toBe("3h");
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("POST /order");
      await page.getByRole("link", { name: "all operations" }).click();
      await page.waitForURL((url) => !url.search.includes("operation"));
    }));

  it("names callers, and leads to them and to the call on the map", () =>
    open(`services/${encodeURIComponent(NAME)}`, async (page) => {
      const callers = page.getByRole("region", { name: "Called by" });
      await callers.getByRole("link", { name: "400" }).click();
      await page.waitForURL(/dependencies\?from=web&to=shop/);
      await page.goBack();
      await callers.getByRole("link", { name: "web" }).click();
      await page.getByText("No span of web was counted in the last hour.").waitFor();
    }));

  it("is where Jaeger UI's address of it leads", () =>
    open(`monitor?service=${encodeURIComponent(NAME)}&lookback=3h`, async (page) => {
      await page.getByRole("heading", { level: 1, name: NAME }).waitFor();
      expect(page.url()).toContain("lookback=3h");
    }));

  it.each([390, 1280, 1920])("is for everybody, at %i px, as charts and as table", async (width) => {
    const path = `${ui.url}services/${encodeURIComponent(NAME)}`;
    const look = (path: string, ready: (page: Page) => Promise<unknown>) =>
      visitor.visit(
        path,
        async (page) => {
          await ready(page);
          expect(await violations(page)).toEqual([]);
          const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
          expect(await page.evaluate(beyond)).toBe(0);
        },
        width,
      );
    await look(path, (page) =>
      page.getByRole("list", { name: "Traces on the chart" }).getByRole("link").first().waitFor(),
    );
    await look(`${path}?view=table`, (page) => page.getByRole("columnheader", { name: "From" }).waitFor());
    await look(`${ui.url}monitor`, (page) => page.getByText(/Against the hour before/).waitFor());
  });

  it("searches for the time that is dragged over", () =>
    open(`services/${encodeURIComponent(NAME)}`, async (page) => {
      const chart = page.getByRole("region", { name: "Rate" }).locator(".u-over");
      await chart.waitFor();
      const box = (await chart.boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.3, box.y + 30);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/\/search\?service=shop.*lookback=custom/);
      await page.getByRole("list", { name: "Traces" }).waitFor();
    }));
});
