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
  visitor = new Visitor(browser, {}, /400/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const bar = (page: Page) => page.getByRole("combobox", { name: "Query in TraceQL" });
const proposals = (page: Page) => page.getByRole("listbox", { name: "Proposals" }).getByRole("option");
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");
/** Once all that match are counted. */
const heading = (page: Page) => page.getByRole("heading", { name: /^[\d,]+ traces?$/ });
const active = (page: Page) => page.locator("[role=option][aria-selected=true]");

describe("the query bar", () => {
  it("proposes attributes, operators and values with their counts, by keyboard alone, and finds", () =>
    open("search?lookback=all", async (page) => {
      await results(page).first().waitFor();
      await bar(page).focus();
      await page.keyboard.type("{ .http.response.st");
      await proposals(page).filter({ hasText: ".http.response.status_code" }).first().waitFor();
      await page.getByText(/^Counts of all [\d,]+ spans$/).waitFor();
      await page.keyboard.press("ArrowDown");
      expect(await active(page).textContent()).toMatch(/^\.http\.response\.status_codespan[\d,]+$/);
      await page.keyboard.press("Enter");
      await expect.poll(() => bar(page).inputValue()).toBe("{ .http.response.status_code ");
      await proposals(page).filter({ hasText: "at least" }).waitFor();
      await page.keyboard.type("= ");
      const value = proposals(page).filter({ hasText: /^500[\d,]+$/ });
      await value.waitFor();
      for (let i = 0; i < 20 && !(await active(page).filter({ hasText: /^500/ }).count()); i++) {
        await page.keyboard.press("ArrowDown");
      }
      await page.keyboard.press("Enter");
      await expect.poll(() => bar(page).inputValue()).toBe("{ .http.response.status_code = 500 ");
      await page.keyboard.press("Escape");
      // The brace that is missing is put there.
      await page.keyboard.press("Enter");
      await page.waitForURL(/q=%7B\+.http.response.status_code\+%3D\+500/);
      await expect.poll(() => results(page).count()).toBeGreaterThan(0);
      expect(await page.getByRole("textbox", { name: "Tags" }).inputValue()).toBe("http.response.status_code=500");
    }));

  it("narrows values to what was typed, whatever its case", () =>
    open("search?lookback=all", async (page) => {
      await bar(page).fill('{ resource.service.name = "FRO');
      await proposals(page).filter({ hasText: '"frontend"' }).first().waitFor();
      expect(await proposals(page).filter({ hasText: '"orders"' }).count()).toBe(0);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await expect.poll(() => bar(page).inputValue()).toBe('{ resource.service.name = "frontend" ');
      expect(await page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("");
      await page.keyboard.type("}");
      await expect.poll(() => page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("frontend");
      await page.keyboard.press("Enter");
      // What plain parameters say as exactly stays in them.
      await page.waitForURL(/\?service=frontend&lookback=all$/);
    }));

  it("says where a query is wrong, what was expected, and mends it", () =>
    open("search?lookback=all", async (page) => {
      await results(page).first().waitFor();
      await bar(page).fill("{ status = eror }");
      const fault = page.getByRole("alert");
      await fault
        .getByText('Column 12: found "eror", expected one of unset, ok, error; did you mean “error”?')
        .waitFor();
      expect(await bar(page).getAttribute("aria-invalid")).toBe("true");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Enter");
      expect(page.url()).toBe(`${ui.url}search?lookback=all`);
      await page.getByRole("button", { name: "Use error" }).click();
      expect(await bar(page).inputValue()).toBe("{ status = error }");
      expect(await fault.count()).toBe(0);
      await page.keyboard.press("Escape");
      await bar(page).press("Enter");
      await page.waitForURL(/q=/);
      await expect.poll(() => results(page).and(page.locator(":not([data-error=true])")).count()).toBe(0);
    }));

  it("says that a query is not finished when it is run, and not while it is typed", () =>
    open("search?lookback=all", async (page) => {
      await bar(page).fill("{ .a = ");
      expect(await page.getByRole("alert").count()).toBe(0);
      await page.keyboard.press("Escape");
      await bar(page).press("Enter");
      await page
        .getByRole("alert")
        .getByText(/found the end of the query|found "}"/)
        .waitFor();
    }));

  it("is one state with the form, both ways, and keeps what the form has no field for", () =>
    open("search?lookback=all", async (page) => {
      const tags = page.getByRole("textbox", { name: "Tags" });
      await page.getByRole("combobox", { name: "Service" }).fill("frontend");
      await tags.fill("n>1 error=true");
      await page.getByRole("textbox", { name: "Min duration" }).fill("1.5s");
      await expect
        .poll(() => bar(page).inputValue())
        .toBe('{ resource.service.name = "frontend" && .n > 1 && status = error && duration >= 1.5s }');
      await bar(page).fill('{ .k = "a b" && event.x = 1 && duration <= 100ms } | count() > 2');
      await expect.poll(() => tags.inputValue()).toBe('k="a b"');
      expect(await page.getByRole("textbox", { name: "Max duration" }).inputValue()).toBe("100ms");
      const others = page.getByRole("list", { name: "Also in the query" });
      expect(await others.getByRole("listitem").allTextContents()).toEqual(["event.x = 1", "| count() > 2"]);
      await page.getByRole("combobox", { name: "Operation" }).fill("GET /");
      await page.keyboard.press("Escape");
      await expect
        .poll(() => bar(page).inputValue())
        .toBe('{ name = "GET /" && .k = "a b" && duration <= 100ms && event.x = 1 } | count() > 2');
      await others.getByRole("button", { name: "Remove event.x = 1" }).click();
      await expect
        .poll(() => bar(page).inputValue())
        .toBe('{ name = "GET /" && .k = "a b" && duration <= 100ms } | count() > 2');
    }));

  it("turns the form off for what a form cannot show, and on again", () =>
    open(`search?lookback=all&q=${encodeURIComponent("{ kind = server } >> { status = error }")}`, async (page) => {
      await results(page).first().waitFor();
      const service = page.getByRole("combobox", { name: "Service" });
      expect(await service.isDisabled()).toBe(true);
      await page.getByText("says more than these fields can").waitFor();
      // Its other fields still count.
      await page.getByLabel("Look-back").selectOption("7d");
      await page.getByRole("button", { name: "Find traces" }).click();
      await page.waitForURL(/lookback=7d/);
      expect(await bar(page).inputValue()).toBe("{ kind = server } >> { status = error }");
      await bar(page).fill("");
      expect(await service.isDisabled()).toBe(false);
    }));

  it("holds the search of a link, and the way back", () =>
    open("search?lookback=all&service=frontend&minDuration=1ms", async (page) => {
      await results(page).first().waitFor();
      const before = await heading(page).textContent();
      expect(await bar(page).inputValue()).toBe('{ resource.service.name = "frontend" && duration >= 1ms }');
      await bar(page).fill('{ name =~ ".*boom.*" }');
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Run query" }).click();
      await page.waitForURL(/q=/);
      await expect.poll(() => heading(page).textContent()).not.toBe(before);
      await page.goBack();
      await expect.poll(() => heading(page).textContent()).toBe(before);
      expect(await bar(page).inputValue()).toBe('{ resource.service.name = "frontend" && duration >= 1ms }');
    }));
});
