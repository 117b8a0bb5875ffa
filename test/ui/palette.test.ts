import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const trace = readFacts()["node-shop"].notable.error500!;
let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const field = (page: Page) => page.getByRole("combobox", { name: /operation, trace id or action/ });
const open = (path: string, check: (page: Page) => Promise<void>) =>
  visitor.visit(ui.url + path, async (page) => {
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    await page.keyboard.press("Control+k");
    await field(page).waitFor();
    await check(page);
  });
/** Gone, and not hidden alone: until then the shortcut closes it. */
const closed = (page: Page) => page.locator("dialog").waitFor({ state: "detached" });
/** The option that Enter would choose. */
const chosen = (page: Page) => page.getByRole("dialog").getByRole("option", { selected: true });

describe("the palette", () => {
  it("leads to a page, and gives the focus back when it is closed", () =>
    open("search?lookback=all", async (page) => {
      await expect.poll(() => field(page).evaluate("document.activeElement.getAttribute('role')")).toBe("combobox");
      await page.keyboard.press("Escape");
      await closed(page);
      await page.keyboard.press("Control+k");
      await page.keyboard.type("ma");
      await expect.poll(() => chosen(page).textContent()).toContain("Map");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/dependencies$/);
    }));

  it("finds operations, and searches for the chosen one", () =>
    open("collector", async (page) => {
      await field(page).fill("api/boom frontend");
      await page
        .getByRole("option", { name: /GET \/api\/boom/ })
        .first()
        .click();
      await page.waitForURL(/search\?service=frontend&operation=GET\+%2Fapi%2Fboom/);
    }));

  it("opens a pasted id, and knows the trace afterwards by its name", () =>
    open("collector", async (page) => {
      await field(page).fill(trace.traceId);
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`trace/${trace.traceId}`));
      await page.getByRole("treegrid").waitFor();
      await page.keyboard.press("Control+k");
      await expect.poll(() => chosen(page).textContent()).toMatch(/^frontend: .+trace$/);
      await page.keyboard.press("Escape");
      await page.goto(`${ui.url}search?service=frontend&lookback=all`);
      await page.getByRole("list", { name: "Traces" }).waitFor();
      await page.keyboard.press("Control+k");
      await expect.poll(() => chosen(page).textContent()).toBe("service=frontendsearch");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`trace/${trace.traceId}`));
    }));

  it("does what it names, and says where nothing has the name", () =>
    open("search?lookback=all", async (page) => {
      await field(page).fill("dark col");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
      await page.getByRole("button", { name: /^Colours: dark/ }).waitFor();
      await closed(page);
      await page.keyboard.press("Control+k");
      await field(page).fill("no such name");
      await page.getByText("Nothing has this name.").waitFor();
      await page.keyboard.press("Enter");
      await field(page).waitFor();
    }));
});
