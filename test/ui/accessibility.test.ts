import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { violations } from "./axe.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { durationPlot } from "./page-parts.ts";
import { repeatingTrace } from "./repeating-trace.ts";
import { shopTrace, skewedTrace } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const node = readFacts()["node-shop"].notable;
const links = readFacts()["python-shop"].notable.limits!;
const REPEATING = "c".repeat(32);
const SHOP = "a1".repeat(16);
const SKEWED = "c3".repeat(16);
const LINKS = [
  { parent: "frontend", child: "orders", callCount: 209, errorCount: 12, p50Nano: 15_700_000, p99Nano: 2_290_000_000 },
  { parent: "orders", child: "inventory", callCount: 48, errorCount: 0 },
  { parent: "inventory", child: "orders", callCount: 4, errorCount: 0 },
];

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
let empty: UiServer;

beforeAll(async () => {
  const made = [repeatingTrace(REPEATING), shopTrace(SHOP), skewedTrace(SKEWED)];
  const requests = [...FIXTURES.flatMap(readFixture), ...made];
  ui = await startUi(requests.map((request) => batchOf(toModel(request))));
  ui.reader.links = LINKS;
  empty = await startUi();
  browser = await launchBrowser();
  // The content policy would refuse axe itself, which is no part of the page.
  visitor = new Visitor(browser, { bypassCSP: true }, /40[04]/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
  await empty?.close();
});

interface View {
  readonly name: string;
  readonly path: string;
  readonly server?: "empty";
  readonly ready: (page: Page) => Promise<unknown>;
}

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const panel = (page: Page) => page.getByRole("complementary", { name: "Span" });
const VIEWS: readonly View[] = [
  {
    name: "first span",
    path: "search",
    server: "empty",
    ready: (page) => page.getByRole("heading", { name: /Nothing is stored/ }).waitFor(),
  },
  {
    name: "first span on the map",
    path: "dependencies",
    server: "empty",
    ready: (page) => page.getByRole("heading", { name: /Nothing is stored/ }).waitFor(),
  },
  {
    name: "results",
    path: "search?lookback=all&limit=12",
    ready: async (page) => {
      await page.getByRole("list", { name: "Traces" }).waitFor();
      await page.getByRole("combobox", { name: "Service" }).click();
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "a file of traces",
    path: "search",
    ready: async (page) => {
      await page.getByLabel("Files of traces").setInputFiles(fixture("node-shop.jsonl"));
      await page.getByRole("heading", { name: /^\d+ traces/ }).waitFor();
    },
  },
  {
    name: "a file that cannot be read",
    path: "monitor",
    ready: async (page) => {
      await page.getByLabel("Files of traces").setInputFiles(fixture("facts.json"));
      await page.getByRole("alert").getByText("facts.json could not be opened").waitFor();
    },
  },
  {
    name: "proposals below the query",
    path: "search?lookback=all&limit=3",
    ready: async (page) => {
      await page.getByRole("combobox", { name: "Query in TraceQL" }).fill("{ status = ");
      await page.keyboard.press("ArrowDown");
      await page.getByRole("option", { name: "error" }).first().waitFor();
    },
  },
  {
    name: "a wrong query, saved and pinned searches, columns",
    path: `search?lookback=all&limit=3&columns=.http.request.method&q=${encodeURIComponent('{ name = "GET /api/boom" && status = error }')}`,
    ready: async (page) => {
      await page.getByText("Searches", { exact: true }).click();
      await page.getByRole("textbox", { name: "Name of this search" }).fill("mine");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Pin mine" }).click();
      await page.getByRole("list", { name: "Pinned searches" }).getByRole("link", { name: "mine" }).waitFor();
      await page.getByRole("combobox", { name: "Query in TraceQL" }).fill("{ status = eror }");
      await page.getByRole("alert").waitFor();
      await page.getByText("Searches", { exact: true }).click();
    },
  },
  {
    name: "no results",
    path: "search?tags=%7B%22no%22%3A%22x%22%7D",
    ready: (page) => page.getByText("No trace matches").waitFor(),
  },
  {
    name: "custom range, wrong fields and a refused trace id",
    path: "search?lookback=all",
    ready: async (page) => {
      await page.getByLabel("Look-back").selectOption("custom");
      await page.getByRole("textbox", { name: "Tags" }).fill("no pair");
      await page.getByRole("textbox", { name: "Min duration" }).fill("soon");
      await page.getByRole("textbox", { name: "Trace id or traceparent" }).fill("none");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "a selection on the plot",
    path: "search?lookback=all&limit=100",
    ready: async (page) => {
      const box = (await durationPlot(page).boundingBox())!;
      await page.mouse.move(box.x + 64, box.y + 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width - 4, box.y + 60, { steps: 4 });
      await page.mouse.up();
      await page.getByRole("button", { name: "Show all" }).waitFor();
    },
  },
  {
    name: "refused search",
    path: "search?tags=nothing",
    ready: (page) => page.getByText("The search failed").waitFor(),
  },
  {
    name: "zoomed trace with folds",
    path: `trace/${node.slowReport!.traceId}?fold=all&zoom=0-1000000`,
    ready: (page) => page.getByRole("button", { name: "Whole trace" }).waitFor(),
  },
  {
    name: "trace with a closed group of siblings",
    path: `trace/${REPEATING}`,
    ready: (page) => page.getByRole("row", { name: /×40/ }).waitFor(),
  },
  {
    name: "trace with an open group of siblings",
    path: `trace/${REPEATING}?groups=all`,
    ready: (page) =>
      page
        .getByRole("row", { name: /SELECT item/ })
        .nth(5)
        .waitFor(),
  },
  {
    name: "trace with the panel of a closed group",
    path: `trace/${REPEATING}?span=${"4".padStart(16, "0")}`,
    ready: (page) => page.getByText(/^Of 12 of 40 spans/).waitFor(),
  },
  {
    name: "trace with calls merged, one service alone and a span that failed",
    path: `trace/${SHOP}?pairs=merged&only=payment&span=${"3".padStart(16, "0")}`,
    ready: (page) => panel(page).locator("[data-part=exception]").waitFor(),
  },
  {
    name: "trace as a flame graph",
    path: `trace/${SHOP}?view=flame`,
    ready: (page) => page.getByRole("group", { name: /^Boxes/ }).waitFor(),
  },
  {
    name: "trace as a table",
    path: `trace/${SHOP}?view=table&order=total`,
    ready: (page) => page.getByRole("columnheader", { name: "Total" }).waitFor(),
  },
  {
    name: "trace as JSON",
    path: `trace/${SHOP}?view=raw`,
    ready: (page) => page.locator("[data-part=raw-trace]").waitFor(),
  },
  {
    name: "trace whose clocks differ",
    path: `trace/${SKEWED}?clocks=corrected`,
    ready: (page) => page.getByRole("button", { name: /^clocks differ/ }).waitFor(),
  },
  {
    name: "no page",
    path: "nowhere",
    ready: (page) => page.getByRole("heading", { name: "Page not found" }).waitFor(),
  },
  {
    name: "trace with error span",
    path: `trace/${node.error500!.traceId}`,
    ready: async (page) => {
      await page
        .getByRole("row", { name: /frontend request handler/ })
        .first()
        .click();
      await panel(page).locator("[data-part=exception]").waitFor();
      for (const title of ["Resource", "Scope", "Times and context", "Raw OTLP JSON"]) {
        await panel(page).getByText(title, { exact: true }).click();
      }
      await page.getByText("Download").click();
      await page.getByRole("textbox", { name: /Find in names/ }).fill("request");
      await page.waitForURL(/uiFind/);
    },
  },
  {
    name: "span with links and dropped data",
    path: `trace/${links.traceId}?fold=d1`,
    ready: async (page) => {
      await page
        .getByRole("row", { name: /limits/ })
        .first()
        .click();
      await panel(page).getByText("Attributes").waitFor();
      await page.getByText("Fold: depth 2").click();
    },
  },
  {
    name: "unknown trace",
    path: `trace/${"abcdef0123456789".repeat(2)}`,
    ready: (page) => page.getByText("No such trace").waitFor(),
  },
  {
    name: "services",
    path: "monitor",
    ready: async (page) => {
      await page.getByRole("button", { name: "Operations of frontend" }).click();
      await page.getByRole("link", { name: "GET /api/boom", exact: true }).waitFor();
    },
  },
  {
    name: "map",
    path: "dependencies",
    ready: (page) =>
      page
        .getByRole("region", { name: /^Map/ })
        .getByRole("link", { name: /^orders/ })
        .waitFor(),
  },
  {
    name: "map with an open service and found ones",
    path: "dependencies?service=orders&find=inv",
    ready: (page) => page.getByRole("complementary", { name: "Service" }).getByText("Called by").waitFor(),
  },
  {
    name: "map with an open call",
    path: "dependencies?from=frontend&to=orders",
    ready: (page) => page.getByRole("complementary", { name: "Call" }).getByText("p99").waitFor(),
  },
  {
    name: "map as table with an open call",
    path: "dependencies?view=table&from=frontend&to=orders",
    ready: (page) => page.getByRole("cell", { name: "209" }).waitFor(),
  },
  {
    name: "palette",
    path: "search?lookback=all",
    ready: async (page) => {
      await page.getByRole("button", { name: "Go to or do" }).click();
      await page.getByRole("combobox", { name: /operation/ }).fill("GET");
      await page.getByRole("dialog").getByRole("option").first().waitFor();
    },
  },
  { name: "collector", path: "collector", ready: (page) => page.getByText("otlp/upstream").waitFor() },
  {
    name: "keyboard help",
    path: "search?lookback=all",
    ready: async (page) => {
      await page.getByRole("list", { name: "Traces" }).waitFor();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    },
  },
];

describe("accessibility", () => {
  it.each(VIEWS)("has no violation in either theme: $name", async ({ path, server, ready }) => {
    await visitor.visit((server === "empty" ? empty : ui).url + path, async (page) => {
      await ready(page);
      expect(await violations(page)).toEqual([]);
    });
  });
});
