import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi(FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request))));
  browser = await launchBrowser();
  visitor = new Visitor(browser, { permissions: ["clipboard-read", "clipboard-write"] });
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const results = (page: Page) => page.getByRole("list", { name: "Traces" }).locator(":scope > li");
const sorted = (url: string) => [...new URL(url).searchParams].map(String).sort().join("&");
const menu = (page: Page) => page.getByText("Searches", { exact: true });

describe("searches that the browser keeps", () => {
  it("are saved under a name, pinned, found again after a reload, and deleted", () =>
    open("search?lookback=all&service=frontend&minDuration=1ms&sort=longest", async (page) => {
      await results(page).first().waitFor();
      const search = page.url();
      await menu(page).click();
      const name = page.getByRole("textbox", { name: "Name of this search" });
      expect(await name.inputValue()).toContain('resource.service.name = "frontend"');
      await name.fill("slow frontend");
      await name.press("Enter");
      await page.getByRole("button", { name: "Pin slow frontend" }).click();
      await page.goto(`${ui.url}search?lookback=all`);
      await results(page).first().waitFor();
      const pin = page.getByRole("list", { name: "Pinned searches" }).getByRole("link", { name: "slow frontend" });
      await pin.click();
      await page.waitForURL((url) => sorted(url.href) === sorted(search));
      expect(await page.getByRole("combobox", { name: "Service" }).inputValue()).toBe("frontend");
      await menu(page).click();
      await page.getByRole("button", { name: "Delete slow frontend" }).click();
      await expect.poll(() => pin.count()).toBe(0);
      await page.keyboard.press("Escape");
      expect(await page.getByRole("region", { name: "Recent searches" }).isVisible()).toBe(false);
    }));

  it("are the last ones, too, once they found something", () =>
    open("search?lookback=all&service=frontend", async (page) => {
      await results(page).first().waitFor();
      await page.goto(`${ui.url}search?service=nobody&lookback=all`);
      await page.getByText("No trace matches").waitFor();
      await page.goto(`${ui.url}search?lookback=all&limit=3`);
      await expect.poll(() => results(page).count()).toBe(3);
      await menu(page).click();
      const recent = page.getByRole("region", { name: "Recent searches" }).getByRole("link");
      await expect
        .poll(() => recent.allTextContents())
        .toEqual(["Everything, at any time", '{ resource.service.name = "frontend" }, at any time']);
      await recent.nth(1).click();
      await page.waitForURL(/service=frontend/);
    }));

  it("are said to be lost where the browser keeps nothing, and work until then", async () => {
    const context = await browser.newContext();
    try {
      await context.addInitScript(
        `Object.defineProperty(window, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } })`,
      );
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(`${ui.url}search?lookback=all&service=frontend`);
      await results(page).first().waitFor();
      await menu(page).click();
      await page.getByRole("textbox", { name: "Name of this search" }).fill("mine");
      await page.keyboard.press("Enter");
      await page.getByText("This browser keeps nothing").waitFor();
      await page.getByRole("button", { name: "Pin mine" }).click();
      await page.getByRole("list", { name: "Pinned searches" }).getByRole("link", { name: "mine" }).waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  });
});

describe("a search for other places", () => {
  it("is copied as TraceQL, as a command, as curl that answers, and as a link", () =>
    open("search?lookback=all&service=frontend&minTraceDuration=1000us", async (page) => {
      await results(page).first().waitFor();
      const copied = async (what: string) => {
        await page.getByText(/^(?:Copy|Copied)\s*$/).click();
        await page.getByRole("button", { name: what, exact: true }).click();
        await page.getByText("Copied", { exact: true }).waitFor();
        return String(await page.evaluate("navigator.clipboard.readText()"));
      };
      const query = '{ resource.service.name = "frontend" && traceDuration >= 1000us }';
      expect(await copied("As TraceQL")).toBe(query);
      expect(await copied("As a command")).toBe(`spanloom search '${query}' --url '${ui.url}'`);
      const curl = await copied("As curl");
      const [, address = ""] = /^curl '([^']+)'$/.exec(curl) ?? [];
      const answer = (await (await fetch(address)).json()) as { readonly traces: readonly unknown[] };
      expect(answer.traces.length).toBe(await results(page).count());
      expect(await copied("Link")).toBe(page.url());
    }));
});
