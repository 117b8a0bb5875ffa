import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { violations } from "./axe.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { shopTrace } from "./shop-trace.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "a1".repeat(16);
const PAGES = ["search?lookback=all", `trace/${TRACE}`, "monitor", "dependencies?lookback=all", "collector"];

let browser: Browser;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi([batchOf(toModel(shopTrace(TRACE)))]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

/** Pages that throw nothing, whatever is in the console of what was refused. */
const visit = (check: (page: Page) => Promise<void>) =>
  new Visitor(browser, {}, /Failed to load|400|404|5\d\d/).visit("about:blank", check);

describe("pages", () => {
  it("work in a browser that refuses storage", () =>
    visit(async (page) => {
      await page.addInitScript(`for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
      }`);
      for (const path of PAGES) {
        await page.goto(ui.url + path);
        await page.locator("main :is(h1, h2, [role=treegrid])").first().waitFor();
        expect(await page.getByText("This page could not be shown").count(), path).toBe(0);
      }
      await page.getByRole("button", { name: /Switch to light/ }).click();
      await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("light");
    }));

  it("say by how much the clock of the browser is wrong", async () => {
    for (const [hours, words] of [
      [1, /^The clock of this browser is 1 h ahead of the collector's/],
      [-1, /^The clock of this browser is 1 h behind the collector's/],
    ] as const) {
      await visit(async (page) => {
        await page.addInitScript(`{ const now = Date.now; Date.now = () => now() + ${hours * 3_600_000}; }`);
        await page.goto(`${ui.url}search`);
        await page.getByText(words).waitFor();
        expect(await violations(page)).toEqual([]);
      });
    }
    await visit(async (page) => {
      await page.goto(`${ui.url}search?lookback=all`);
      await page.getByRole("list", { name: "Traces" }).waitFor();
      expect(await page.getByText(/^The clock of this browser/).count()).toBe(0);
    });
  });

  it("say that something else than the collector answers", async () => {
    for (const path of PAGES.filter((page) => !page.startsWith("trace/"))) {
      await visit(async (page) => {
        await page.route(/\/api\/ui\//, (route) =>
          route.fulfill({ status: 200, contentType: "text/html", body: "<html>Welcome to the Wi-Fi" }),
        );
        await page.goto(ui.url + path);
        await page
          .getByText("Something else than the collector answered: expected JSON, got text/html")
          .first()
          .waitFor();
      });
    }
  });

  it("say that a request was cut off, and ask again", () =>
    visit(async (page) => {
      let cut = true;
      await page.route(/\/api\/ui\/dependencies/, (route) => (cut ? route.abort("connectionreset") : route.fallback()));
      await page.goto(`${ui.url}dependencies?lookback=all`);
      await page.getByText("The collector does not answer. Is it still running?").waitFor();
      cut = false;
      await page.getByText("The collector does not answer. Is it still running?").waitFor({ state: "detached" });
    }));

  it("say that a trace has vanished while its page is open", () =>
    visit(async (page) => {
      await page.goto(`${ui.url}trace/${TRACE}`);
      await page.getByRole("treegrid").waitFor();
      await page.route(/\/api\/ui\/traces\//, (route) =>
        route.fulfill({ status: 404, json: { error: { code: "not_found", message: "trace not found" } } }),
      );
      await page.getByRole("treegrid").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("complementary", { name: "Span" }).getByText("trace not found").waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "No such trace" }).waitFor();
    }));
});
