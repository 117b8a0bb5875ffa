import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { untilLater, Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow, findCount } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const node = readFacts()["node-shop"].notable;
const retries = node.retries!;
const error500 = node.error500!;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
  browser = await launchBrowser();
  visitor = new Visitor(browser, {}, /404/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const grid = (page: Page) => page.getByRole("treegrid");
const rowCount = (page: Page) => grid(page).getAttribute("aria-rowcount").then(Number);

describe("trace page", () => {
  it("shows what the trace is and every span as a row of a treegrid", () =>
    open(`trace/${retries.traceId}`, async (page) => {
      await page.getByRole("heading", { level: 1, name: "frontend POST /api/checkout" }).waitFor();
      await expect.poll(() => rowCount(page)).toBe(retries.spans + 1);
      const facts = page.locator("[data-part=trace-facts]");
      for (const text of ["201 ms", "44 spans", "4 errors"]) expect(await facts.textContent()).toContain(text);
      const legend = page.getByRole("group", { name: /^Services/ });
      for (const service of ["inventory", "orders"]) await legend.getByRole("button", { name: service }).waitFor();
      const first = page.getByRole("row", { name: /frontend POST \/api\/checkout/ }).first();
      expect(await first.getAttribute("aria-level")).toBe("1");
      expect(await first.getAttribute("aria-expanded")).toBe("true");
      expect(await page.getByRole("navigation", { name: "Errors" }).textContent()).toContain("4 errors");
    }));

  it("is walked, folded and opened by keyboard alone, and closes back to the row", () =>
    open(`trace/${error500.traceId}`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(error500.spans + 1);
      await grid(page).focus();
      const active = () => activeRow(page).textContent();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await expect.poll(active).toContain("jsonParser");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => rowCount(page)).toBe(error500.spans);
      await page.keyboard.press("End");
      await expect.poll(active).toContain("<anonymous>");
      await page.keyboard.press("Home");
      await page.keyboard.press("Enter");
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByRole("heading", { name: "GET /api/boom" }).waitFor();
      expect(page.url()).toContain(`span=${error500.roots[0]!.spanId}`);
      await page.keyboard.press("Escape");
      await expect.poll(() => panel.count()).toBe(0);
      expect(await page.evaluate("document.activeElement?.getAttribute('role')")).toBe("treegrid");
    }));

  it("steps through errors, opening what hides them", () =>
    open(`trace/${error500.traceId}?fold=all`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(2);
      await page.keyboard.press("e");
      await expect.poll(() => activeRow(page).textContent()).toContain("request handler");
      await page.keyboard.press("Shift+E");
      await expect.poll(() => activeRow(page).textContent()).toContain("GET /api/boom");
    }));

  it("tells on a folded row how many errors it hides", () =>
    open(`trace/${retries.traceId}?fold=all`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(2);
      const root = page.getByRole("row", { name: /frontend POST \/api\/checkout/ });
      await root.getByRole("img", { name: /^4 errors/ }).waitFor();
      expect(await root.textContent()).toContain("below");
      await page.keyboard.press("]");
      await page.keyboard.press("[");
      await expect.poll(() => rowCount(page)).toBe(retries.spans + 1);
      expect(await root.getByRole("img", { name: /errors/ }).count()).toBe(0);
    }));

  it("finds by name and by attribute, and takes over Ctrl-F", () =>
    open(`trace/${error500.traceId}`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(error500.spans + 1);
      await page.keyboard.press("Control+f");
      const field = page.getByRole("textbox", { name: "Find in names and attributes" });
      await expect.poll(() => page.evaluate("document.activeElement?.placeholder")).toContain("Find in");
      await field.fill("select :memory:");
      await expect.poll(() => findCount(page).textContent()).toBe("1");
      await field.fill("/boom");
      const found = async () => Number(((await findCount(page).textContent()) ?? "").replace("…", ""));
      await expect.poll(found).toBeGreaterThan(5);
      await field.press("Enter");
      await expect.poll(() => findCount(page).textContent()).toMatch(/^\d+ of \d+$/);
      await expect.poll(() => page.url()).toContain("uiFind=%2Fboom");
    }));

  it("restores span, zoom, folds and find from a link", async () => {
    let link = "";
    await open(`trace/${error500.traceId}`, async (page) => {
      await page.getByRole("row", { name: /select :memory:/ }).click();
      await page.getByRole("button", { name: "Collapse all" }).click();
      await expect.poll(() => page.url()).toContain("fold=all");
      await page.keyboard.press("+");
      await expect.poll(() => page.url()).toContain("zoom=");
      await page.getByRole("textbox", { name: "Find in names and attributes" }).fill("orders");
      await expect.poll(() => page.url()).toContain("uiFind=orders");
      link = page.url().slice(ui.url.length);
    });
    await open(link, async (page) => {
      await page
        .getByRole("complementary", { name: "Span" })
        .getByText("db.query.text")
        .or(page.getByText("db.statement"))
        .first()
        .waitFor();
      await page.getByRole("button", { name: "Whole trace" }).waitFor();
      expect(await page.getByRole("textbox", { name: "Find in names and attributes" }).inputValue()).toBe("orders");
      await page.getByRole("row", { name: /select :memory:/ }).waitFor();
    });
  });

  it("shows a span with its exception, resource, scope and raw JSON, and searches by attribute", () =>
    open(`trace/${error500.traceId}`, async (page) => {
      await page
        .getByRole("row", { name: /frontend request handler/ })
        .first()
        .click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.locator("[data-part=exception]").first().waitFor();
      expect(await panel.locator("[data-part=exception] pre").first().textContent()).toContain("at ");
      await panel.getByText("Resource", { exact: true }).click();
      await panel.getByText("telemetry.sdk.language").waitFor();
      await panel.getByText("Raw OTLP JSON").click();
      await panel.locator("[data-part=raw-json] pre").waitFor();
      const raw = JSON.parse((await panel.locator("[data-part=raw-json] pre").textContent()) ?? "");
      expect(raw.resourceSpans[0].scopeSpans[0].spans).toHaveLength(1);
      // The panel scrolls, the page never does.
      expect(await page.evaluate("document.documentElement.scrollHeight - innerHeight")).toBe(0);
      await page.getByRole("row", { name: /frontend GET \/api\/boom/ }).click();
      await panel.getByRole("link", { name: "Search spans with this http.route" }).click();
      await page.getByRole("link", { name: "frontend GET /api/boom" }).waitFor();
      expect(await page.getByRole("textbox", { name: "Tags" }).inputValue()).toBe("http.route=/api/boom");
    }));

  it("follows a link into another trace at the linked span, and back", () =>
    open(`trace/${node.queueLinks!.traceId}`, async (page) => {
      await page.getByRole("row", { name: /stock-changed process/ }).click();
      // Once the collector has said which one it is.
      await page.getByRole("link", { name: "inventory stock-changed publish" }).click();
      await page.waitForURL(/trace\/e5a6512b32e21ae27b6c49586a5de647\?span=1c7d690b00edf11e/);
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByText("Linked from", { exact: true }).waitFor();
      await page
        .getByText(/^Linked from \d+/)
        .first()
        .click();
      await panel.getByRole("link", { name: "stock-changed process" }).click();
      await page.waitForURL(new RegExp(`trace/${node.queueLinks!.traceId}`));
    }));

  it("zooms by dragging over the overview and goes back", () =>
    open(`trace/${retries.traceId}`, async (page) => {
      const box = (await page.getByRole("img", { name: /^Overview of the trace/ }).boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => page.url()).toMatch(/zoom=5\d{7}-10\d{7}/);
      await page.getByRole("button", { name: "Whole trace" }).click();
      await expect.poll(() => page.url()).not.toContain("zoom");
    }));

  it("marks orphans and incomplete traces in words", () =>
    open(`trace/${node.missingParentTwoRoots!.traceId}`, async (page) => {
      await page.getByText("incomplete: no root").waitFor();
      await page.getByText("2 orphan spans").waitFor();
    }));

  it("tells client and server apart where they share a span id", async () => {
    const traceId = "c".repeat(32);
    const span = (kind: number, start: string) => ({
      traceId,
      spanId: "00000000000000ab",
      name: kind === 3 ? "call" : "answer",
      kind,
      startTimeUnixNano: start,
      endTimeUnixNano: "1795392000900000000",
    });
    const of = (service: string, spans: ReturnType<typeof span>[]) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [{ spans }],
    });
    ui.push(
      batchOf(
        toModel({
          resourceSpans: [of("front", [span(3, "1795392000000000000")]), of("back", [span(2, "1795392000100000000")])],
        }),
      ),
    );
    await open(`trace/${traceId}`, async (page) => {
      await page.getByRole("row", { name: /back answer/ }).click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByRole("heading", { name: "answer" }).waitFor();
      expect(page.url()).toContain("span=00000000000000ab.2");
      expect(await page.getByRole("row", { name: /back answer/ }).getAttribute("aria-selected")).toBe("true");
      expect(await page.getByRole("row", { name: /front call/ }).getAttribute("aria-selected")).toBe("false");
      await panel.getByText("Times and context").waitFor();
      expect(await panel.getByText("Span 1 of 2").count()).toBe(0);
    });
  });

  it("keeps its place when the trace grows: the active row goes with its span", async () => {
    const traceId = "8".repeat(32);
    // A page asks again while the end of the trace is a moment ago.
    const began = BigInt(Date.now()) * 1_000_000n;
    const pushSpan = (digit: string, parent: string, name: string, at: bigint) =>
      ui.push(
        batchOf(
          toModel({
            resourceSpans: [
              {
                resource: { attributes: [{ key: "service.name", value: { stringValue: "grown" } }] },
                scopeSpans: [
                  {
                    spans: [
                      {
                        traceId,
                        spanId: digit.repeat(16),
                        parentSpanId: parent,
                        name,
                        startTimeUnixNano: String(began + at),
                        endTimeUnixNano: String(began + at + 5n),
                      },
                    ],
                  },
                ],
              },
            ],
          }),
        ),
      );
    pushSpan("1", "", "root", 0n);
    pushSpan("3", "1".repeat(16), "second", 20n);
    await visitor.visitInTime(`${ui.url}trace/${traceId}`, async (page) => {
      await expect.poll(() => rowCount(page)).toBe(3);
      await grid(page).focus();
      await page.keyboard.press("End");
      await expect.poll(() => activeRow(page).textContent()).toContain("second");
      pushSpan("2", "1".repeat(16), "first", 10n);
      await untilLater(page, async () => (await rowCount(page)) === 4);
      await expect.poll(() => activeRow(page).textContent()).toContain("second");
    });
  });

  it("shows an unknown trace as soon as a span of it arrives", () =>
    visitor.visitInTime(`${ui.url}trace/${"5".repeat(32)}`, async (page) => {
      await page.getByText("Waiting for its spans").waitFor();
      ui.push(
        batchOf(
          toModel({
            resourceSpans: [
              {
                resource: { attributes: [{ key: "service.name", value: { stringValue: "late" } }] },
                scopeSpans: [
                  {
                    spans: [
                      {
                        traceId: "5".repeat(32),
                        spanId: "6".repeat(16),
                        name: "arrival",
                        startTimeUnixNano: "1795392000000000000",
                        endTimeUnixNano: "1795392000100000000",
                      },
                    ],
                  },
                ],
              },
            ],
          }),
        ),
      );
      await untilLater(page, () => page.getByRole("row", { name: "late arrival" }).isVisible());
    }));

  it("says so when the trace is unknown or the id is none", async () => {
    await open(`trace/${"abcdef0123456789".repeat(2)}`, (page) =>
      page.getByRole("heading", { name: "No such trace" }).waitFor(),
    );
    await open("trace/not-an-id", (page) => page.getByText("Expected 1 to 32 hex digits.").waitFor());
  });
});
