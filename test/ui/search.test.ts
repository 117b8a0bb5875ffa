import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer, WEB_ROOT } from "./ui-server.ts";

const facts = readFacts();
const batches = FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request)));
const ALL = FIXTURES.reduce((sum, name) => sum + facts[name].allTraces.length, 0);

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(batches);
  ui.reader.links = [
    {
      parent: "frontend",
      child: "orders",
      callCount: 209,
      errorCount: 12,
      p50Nano: 15_700_000,
      p99Nano: 2_290_000_000,
    },
    { parent: "orders", child: "inventory", callCount: 48, errorCount: 0, p50Nano: 826_000, p99Nano: 4_100_000 },
  ];
  browser = await launchBrowser();
  visitor = new Visitor(browser, {}, /404/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (url: string, check: (page: Page) => Promise<void>) => visitor.visit(url, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");

/** Marks when an element of `selector` is there, however late the test looks. */
const markShown = (selector: string) => `new MutationObserver((_, observer) => {
  if (document.querySelector(${JSON.stringify(selector)}) === null) return;
  performance.mark("shown");
  observer.disconnect();
}).observe(document, { childList: true, subtree: true })`;
/** The scripts that were asked for until then: what is loaded ahead comes after. */
const SCRIPTS_BEFORE = `performance.getEntriesByType("resource")
  .filter(({ name, startTime }) => name.endsWith(".js") && startTime < performance.getEntriesByName("shown")[0].startTime)
  .map(({ name }) => new URL(name).pathname.slice(1))`;

describe("first load", () => {
  it.each([
    ["search", "search?lookback=all", `[aria-label="Traces"] > li`],
    ["trace", `trace/${facts["node-shop"].notable.error500!.traceId}`, `[role="treegrid"]`],
  ])("takes at most 200 kB of script over the wire: %s", (_name, path, shown) =>
    open(`${ui.url}nowhere`, async (page) => {
      await page.addInitScript(markShown(shown));
      await page.goto(ui.url + path);
      await page.locator(shown).first().waitFor();
      const scripts = new Set(await page.evaluate<string[]>(SCRIPTS_BEFORE));
      const bytes = [...scripts].reduce((sum, file) => sum + gzipSync(readFileSync(join(WEB_ROOT, file))).length, 0);
      expect(scripts.size).toBeGreaterThan(1);
      expect(bytes).toBeGreaterThan(100_000);
      expect(bytes).toBeLessThan(200_000);
    }),
  );
});

describe("search page", () => {
  it("lists the newest traces without asking for a service, and more on demand", () =>
    open(`${ui.url}search?lookback=all&limit=100`, async (page) => {
      await expect.poll(() => results(page).count()).toBe(100);
      await page.getByRole("button", { name: "Load more" }).click();
      await page.getByRole("button", { name: "Load more" }).click();
      await expect.poll(() => results(page).count()).toBe(ALL);
      await expect.poll(() => page.getByRole("button", { name: "Load more" }).count()).toBe(0);
      await page.getByRole("heading", { name: `${ALL} traces` }).waitFor();
    }));

  it("finds by service, operation, tags and duration, from the form and from the address", () =>
    open(`${ui.url}search?lookback=all`, async (page) => {
      const service = page.getByRole("combobox", { name: "Service" });
      await service.fill("fron");
      await page.getByRole("option", { name: "frontend" }).waitFor();
      await service.press("ArrowDown");
      await service.press("Enter");
      expect(await service.inputValue()).toBe("frontend");
      const operation = page.getByRole("combobox", { name: "Operation" });
      await operation.fill("boom");
      await page.getByRole("option", { name: "GET /api/boom", exact: true }).click();
      await page.getByRole("textbox", { name: "Tags" }).fill("http.response.status_code=500");
      await page.getByRole("textbox", { name: "Min duration" }).fill("1ms");
      await page.keyboard.press("Enter");
      await page.waitForURL(/service=frontend&operation=GET\+%2Fapi%2Fboom&tags=/);
      await expect.poll(() => results(page).count()).toBeGreaterThan(0);
      expect(await page.evaluate("document.activeElement.id"), "focus stays in the form").toBe("search-min");
      const titles = await results(page).getByRole("heading").allTextContents();
      expect(new Set(titles)).toEqual(new Set(["frontend GET /api/boom"]));
      expect(await results(page).first().textContent()).toContain("6 errors");
      const link = page.url();
      await page.goto(link);
      await expect.poll(() => results(page).count()).toBe(titles.length);
      expect(await page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("frontend");
      expect(await page.getByRole("textbox", { name: "Tags" }).inputValue()).toBe("http.response.status_code=500");
    }));

  it("says what is wrong with a field instead of searching", () =>
    open(`${ui.url}search?lookback=all`, async (page) => {
      await page.getByRole("textbox", { name: "Tags" }).fill("no pair");
      await page.getByRole("textbox", { name: "Max duration" }).fill("long");
      await page.getByText("Expected key=value near").waitFor();
      await page.getByText("Expected 500us, 100ms, 1.2s").waitFor();
      await page.getByRole("button", { name: "Find traces" }).click();
      expect(page.url()).toBe(`${ui.url}search?lookback=all`);
    }));

  it("opens a trace from a pasted traceparent, at its span", () =>
    open(`${ui.url}search?lookback=all`, async (page) => {
      const { traceId, roots } = facts["node-shop"].notable.retries!;
      const field = page.getByRole("textbox", { name: "Trace id or traceparent" });
      await field.fill("nonsense");
      await field.press("Enter");
      await page.getByText("Expected a trace id").waitFor();
      await field.fill(`00-${traceId}-${roots[0]!.spanId}-01`);
      await field.press("Enter");
      await page.waitForURL(`**/trace/${traceId}?span=${roots[0]!.spanId}`);
      await page.getByRole("heading", { level: 1, name: "frontend POST /api/checkout" }).waitFor();
    }));

  it("opens a trace by the first digits of its id, and lists the traces that several fit", async () => {
    const some = await startUi();
    const lookUp = async (page: Page, digits: string) => {
      const field = page.getByRole("textbox", { name: "Trace id or traceparent" });
      await field.fill(digits);
      await field.press("Enter");
    };
    try {
      // The last has an id of 64 bits.
      const ids = ["bb00eb21aa", "bb00eb21bb", `${"0".repeat(16)}cc00eb21`].map((digits) => digits.padEnd(32, "1"));
      for (const traceId of ids) some.push(firstSpan(traceId));
      await open(`${some.url}search?lookback=all`, async (page) => {
        await lookUp(page, "bb00eb21");
        const fit = page.getByRole("list", { name: "Traces" }).getByRole("link");
        await expect.poll(() => fit.allTextContents()).toEqual(expect.arrayContaining(ids.slice(0, 2)));
        expect(await fit.count()).toBe(2);
        await lookUp(page, "bb00eb21b");
        await page.waitForURL(`**/trace/${ids[1]}`);
        await page.getByRole("heading", { level: 1, name: "my-service hello" }).waitFor();
        await lookUp(page, "cc00eb21");
        await page.waitForURL(`**/trace/${ids[2]}`);
        await lookUp(page, "bb00eb2f");
        await page.getByText("There is none").waitFor();
      });
    } finally {
      await some.close();
    }
  });

  it("offers a wider search where nothing matches, and says when it ran out of time", async () => {
    await open(`${ui.url}search?service=frontend&tags=${encodeURIComponent('{"no.such":"tag"}')}`, async (page) => {
      await page.getByText("No trace matches in the last hour.").waitFor();
      await page.getByRole("button", { name: "Search any time" }).click();
      await page.getByText("No trace matches at any time.").waitFor();
      await page.getByRole("button", { name: "Drop the filters" }).click();
      await expect.poll(() => results(page).count()).toBe(20);
    });
    ui.reader.complete = false;
    try {
      await open(`${ui.url}search?lookback=all`, async (page) => {
        await page.getByText("The search ran out of time").waitFor();
      });
    } finally {
      ui.reader.complete = true;
    }
  });

  it("shows how to send the first span and turns into results when one arrives", async () => {
    const empty = await startUi();
    try {
      await open(empty.url, async (page) => {
        await page.getByRole("heading", { name: "Nothing is stored yet. Send the first span" }).waitFor();
        await page.getByText("http://127.0.0.1:14318", { exact: true }).waitFor();
        await page.getByText("curl -i http://127.0.0.1:14318/v1/traces").waitFor();
        empty.push(firstSpan());
        await page.getByRole("link", { name: "my-service hello" }).waitFor();
      });
    } finally {
      await empty.close();
    }
  });

  it("says so on services and map as well, and fills them", async () => {
    for (const [path, filled] of [
      ["monitor", "my-service"],
      ["dependencies", "No service called another in the last 24 hours."],
    ] as const) {
      const empty = await startUi();
      try {
        await open(empty.url + path, async (page) => {
          await page.getByRole("heading", { name: "Nothing is stored yet. Send the first span" }).waitFor();
          empty.push(firstSpan());
          await page.getByRole("heading", { name: /Nothing is stored/ }).waitFor({ state: "hidden" });
          await page.getByText(filled, { exact: true }).waitFor();
        });
      } finally {
        await empty.close();
      }
    }
  });

  it("works below a base path", async () => {
    const nested = await startUi(batches, "/tools/traces/");
    try {
      await open(`${nested.url}search?lookback=all`, async (page) => {
        await results(page).getByRole("link").first().click();
        await page.waitForURL(/\/tools\/traces\/trace\/[0-9a-f]{32}$/);
        await page.getByRole("treegrid").waitFor();
        await page.reload();
        await page.getByRole("treegrid").waitFor();
      });
    } finally {
      await nested.close();
    }
  });

  it("fits a phone without scrolling sideways, on every page", async () => {
    const { traceId, roots } = facts["node-shop"].notable.error500!;
    for (const path of [
      "search?lookback=all",
      `trace/${traceId}?span=${roots[0]!.spanId}`,
      "trace/abcdef0123456789",
      "monitor",
      "services/frontend",
      "services/frontend?view=table",
      "dependencies",
      "dependencies?view=table",
      "collector",
    ]) {
      await visitor.visit(
        ui.url + path,
        async (page) => {
          await page.waitForLoadState("networkidle");
          const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
          expect(await page.evaluate(beyond), path).toBe(0);
        },
        390,
      );
    }
  });
});

/** A span of this minute. */
function firstSpan(traceId = "1".repeat(32)) {
  const now = BigInt(Date.now()) * 1_000_000n;
  return batchOf(
    toModel({
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "my-service" } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId,
                  spanId: "2".repeat(16),
                  name: "hello",
                  startTimeUnixNano: String(now - 120_000_000n),
                  endTimeUnixNano: String(now),
                },
              ],
            },
          ],
        },
      ],
    }),
  );
}
