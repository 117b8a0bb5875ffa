import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTraceReader } from "../../src/storage/read/trace-reader.ts";
import { FIXTURES, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { MemorySource } from "../support/search/memory-source.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  const source = new MemorySource();
  for (const request of FIXTURES.flatMap(readFixture)) source.append(toModel(request));
  ui = await startUi([], "/", { from: createTraceReader(source) });
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const panel = (page: Page) => page.getByRole("region", { name: "Attributes" });
const total = async (page: Page) =>
  Number(((await page.getByRole("heading", { name: /^[\d,]+ traces?$/ }).textContent()) ?? "").replace(/\D/g, ""));
/** The button of a value, and how many traces it says. */
const value = (page: Page, text: string) =>
  panel(page)
    .getByRole("listitem")
    .filter({ has: page.getByText(text, { exact: true }) })
    .first();
const count = async (page: Page, text: string) =>
  Number((await value(page, text).getByRole("button").first().textContent())?.replace(text, "").replace(/\D/g, ""));

describe("facets", () => {
  it("count the whole search, not the rows that are loaded, and what a press includes is what they said", () =>
    open("search?lookback=all&limit=1", async (page) => {
      await panel(page).getByText("a trace counts where").waitFor();
      const frontend = await count(page, "frontend");
      // One is loaded.
      expect(frontend).toBeGreaterThan(1);
      await value(page, "frontend").getByRole("button").first().click();
      await page.waitForURL(/service=frontend/);
      await expect.poll(() => total(page)).toBe(frontend);
      await expect
        .poll(() => value(page, "frontend").getByRole("button").first().getAttribute("aria-pressed"))
        .toBe("true");
      await expect
        .poll(() =>
          panel(page)
            .getByText(/^In all/)
            .textContent(),
        )
        .toContain(`all ${frontend} of the matching traces`);
      const errors = await count(page, "error");
      expect(errors).toBeGreaterThan(0);
      await value(page, "error").getByRole("button").first().click();
      await expect.poll(() => total(page)).toBe(errors);
      // Pressed again it is left out.
      await expect
        .poll(() => value(page, "error").getByRole("button").first().getAttribute("aria-pressed"))
        .toBe("true");
      await value(page, "error").getByRole("button").first().click();
      await expect.poll(() => total(page)).toBe(frontend);
      await page.goBack();
      await expect.poll(() => total(page)).toBe(errors);
    }));

  it("exclude spans with a value, keep those that lack the attribute, and say that traces may stay", () =>
    open("search?lookback=all&service=frontend", async (page) => {
      await panel(page).getByText("a trace counts where").waitFor();
      await page.getByRole("searchbox", { name: "Filter attributes" }).fill("http.request.method");
      const exclude = value(page, "GET").getByRole("button", { name: 'Exclude spans with "GET"' });
      expect(await exclude.getAttribute("title")).toBe(
        '!(.http.request.method = "GET"): leaves out spans with "GET", and keeps those without http.request.method. ' +
          "A trace stays while another span of it matches.",
      );
      const before = await total(page);
      await exclude.click();
      await page.waitForURL(/q=/);
      const bar = page.getByRole("combobox", { name: "Query in TraceQL" });
      expect(await bar.inputValue()).toBe('{ resource.service.name = "frontend" && !(.http.request.method = "GET") }');
      await expect.poll(() => value(page, "GET").count()).toBe(0);
      // Every trace has a span of the frontend that is no GET: as it is said, all of them stay.
      await expect.poll(() => total(page)).toBe(before);
      // The form shows what it can, and the rest beside.
      expect(await page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("frontend");
      await page
        .getByRole("list", { name: "Also in the query" })
        .getByText('!(.http.request.method = "GET")')
        .waitFor();
    }));

  it("show more values of one attribute on demand", () =>
    open("search?lookback=all", async (page) => {
      await panel(page).getByText("a trace counts where").waitFor();
      const more = panel(page)
        .getByRole("button", { name: /^\d+ more values$/ })
        .first();
      const before = await panel(page).getByRole("listitem").count();
      await more.click();
      await expect.poll(() => panel(page).getByRole("listitem").count()).toBeGreaterThan(before);
      await panel(page).getByRole("button", { name: "Fewer values" }).first().click();
      await expect.poll(() => panel(page).getByRole("listitem").count()).toBe(before);
    }));

  it("become columns of the results, in the address, and stop being ones", () =>
    open("search?lookback=all&service=frontend&sort=longest", async (page) => {
      await panel(page).getByText("a trace counts where").waitFor();
      await page.getByRole("searchbox", { name: "Filter attributes" }).fill("http.request.method");
      await panel(page).getByRole("button", { name: "Show .http.request.method as a column" }).first().click();
      await page.waitForURL(/columns=.http.request.method$/);
      const rows = page.getByRole("list", { name: "Traces" }).locator(":scope > li");
      const said = rows
        .first()
        .locator("span")
        .filter({ hasText: /^http.request.method \S/ });
      await expect.poll(() => said.textContent()).toMatch(/^http\.request\.method (GET|POST)/);
      await page.reload();
      await expect.poll(() => said.textContent()).toMatch(/^http\.request\.method (GET|POST)/);
      await page.getByRole("button", { name: "Hide the column .http.request.method" }).click();
      await expect.poll(() => page.url()).not.toContain("columns");
      await expect.poll(() => said.count()).toBe(0);
    }));

  it("leave room for the spans that select(…) shows, in sets of by(…)", () =>
    open(
      `search?lookback=all&q=${encodeURIComponent("{ status = error } | by(resource.service.name) | select(duration, name)")}`,
      async (page) => {
        const spans = page.getByRole("list", { name: "Matching spans" }).first();
        await spans.waitFor();
        const set = spans.getByRole("listitem").first();
        const service = await set.locator("b").textContent();
        expect(await set.getByRole("link").first().textContent()).toContain(`${service} `);
        expect(await set.textContent()).toMatch(/duration [\d.]+ (µs|ms|s)/);
        await set.getByRole("link").first().click();
        await page.waitForURL(/trace\/[0-9a-f]{32}\?span=[0-9a-f]{16}$/);
      },
    ));

  it("stand beside the results on a wide page, and below the form on others", async () => {
    for (const [width, beside] of [
      [1280, false],
      [1920, true],
    ] as const) {
      await visitor.visit(
        `${ui.url}search?lookback=all`,
        async (page) => {
          await panel(page).getByText("a trace counts where").waitFor();
          const [list, facets] = await Promise.all([
            page.getByRole("list", { name: "Traces" }).boundingBox(),
            panel(page).boundingBox(),
          ]);
          expect(facets!.x > list!.x + list!.width).toBe(beside);
          if (beside) expect(facets!.x + facets!.width).toBeGreaterThan(width - 60);
        },
        width,
      );
    }
  });
});
