import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "b".repeat(32);
const BAD = "<script>window.__bad = 1</script><img src=x onerror='window.__bad = 1'>";
/** Turns round whatever stands after it, unless it is kept to itself. */
const OVERRIDE = "\u202e";
const SERVICE = `${OVERRIDE}shop ${BAD}`;
const NAME = `${OVERRIDE}GET ${BAD} ${"x".repeat(3_000)}`;
const LONG = "y".repeat(1_000_000);

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const start = BigInt(Date.now()) * 1_000_000n;
  const span = (spanId: string, parentSpanId?: string) => ({
    traceId: TRACE,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: NAME,
    kind: 2,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 5_000_000n),
    attributes: [text(BAD, BAD), text("long", LONG), text("turned", `${OVERRIDE}txt.exe`)],
    events: [
      {
        timeUnixNano: String(start + 1_000_000n),
        name: "exception",
        attributes: [text("exception.type", BAD), text("exception.message", NAME), text("exception.stacktrace", BAD)],
      },
    ],
    links: [{ traceId: "d".repeat(32), spanId: "e".repeat(16), attributes: [text(BAD, BAD)] }],
    status: { code: 2, message: NAME },
  });
  ui = await startUi([
    batchOf(
      toModel({
        resourceSpans: [
          {
            resource: { attributes: [text("service.name", SERVICE)] },
            scopeSpans: [{ scope: { name: BAD }, spans: [span("1".repeat(16)), span("2".repeat(16), "1".repeat(16))] }],
          },
        ],
      }),
    ),
  ]);
  ui.reader.links = [{ parent: SERVICE, child: `${SERVICE} too`, callCount: 3, errorCount: 1 }];
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

/**
 * Texts with an override that could turn round what stands beside them: those that share a line with other content and
 * have no element between that keeps directions to itself.
 */
const LEAKS = `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const leaks = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (!node.data.includes("\\u202e")) continue;
    let at = node.parentElement;
    let content = node;
    while (true) {
      const style = getComputedStyle(at);
      if (style.unicodeBidi.includes("isolate") || style.unicodeBidi === "plaintext" || at instanceof SVGElement) break;
      const alone = [...at.childNodes].every((child) => child === content || child.textContent.trim() === "");
      if (!alone && getComputedStyle(at).display !== "flex" && getComputedStyle(at).display !== "inline-flex") {
        leaks.push(at.tagName + "." + at.className);
        break;
      }
      if (style.display !== "inline") break;
      content = at;
      at = at.parentElement;
    }
  }
  return leaks;
})()`;

async function isInert(page: Page): Promise<void> {
  expect(await page.evaluate("window.__bad")).toBeUndefined();
  expect(await page.locator("#app img").count()).toBe(0);
  expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
  expect(await page.evaluate(LEAKS)).toEqual([]);
}

/** A phone, a window of 1280 pixels at twice the size, and the window itself. */
describe.each([390, 640, 1280])("text from strangers, %d pixels wide", (width) => {
  const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check, width);

  it("is text in search results", () =>
    open("search", async (page) => {
      await page.getByRole("list", { name: "Traces" }).waitFor();
      await isInert(page);
    }));

  it("is text in a trace and its spans, however long", () =>
    open(`trace/${TRACE}?span=${"2".repeat(16)}`, async (page) => {
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByText("… show all 1,000,000 characters").waitFor();
      for (const title of ["Resource", "Scope", "Times and context", "Raw OTLP JSON"]) {
        await panel.getByText(title, { exact: true }).click();
      }
      // The JSON is asked of the server once it is opened.
      await expect.poll(async () => (await panel.textContent())?.length).toBeGreaterThan(LONG.length);
      await isInert(page);
    }));

  it("is text among services and on the map", async () => {
    await open("monitor", async (page) => {
      await page.getByRole("button", { name: /^Operations of/ }).click();
      await page.getByRole("link", { name: /GET/ }).waitFor();
      await isInert(page);
    });
    for (const path of ["dependencies", "dependencies?view=table"]) {
      await open(path, async (page) => {
        await page
          .getByRole("region", { name: /^Map/ })
          .getByRole("link")
          .or(page.locator("tbody tr"))
          .first()
          .waitFor();
        await isInert(page);
      });
    }
  });
});
