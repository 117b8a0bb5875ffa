import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchOf, FIXTURES, readFacts, readFixture, toModel } from "../support/query/fixture-traces.ts";
import { violations } from "./axe.ts";
import { untilLater, Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const trace = readFacts()["node-shop"].notable.error500!;
const batches = FIXTURES.flatMap(readFixture).map((request) => batchOf(toModel(request)));
let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  ui = await startUi(batches);
  browser = await launchBrowser();
  // What is asked for while there is no collector is in the console, too.
  visitor = new Visitor(browser, { timezoneId: "Asia/Tokyo", bypassCSP: true }, /ERR_|Failed to load/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

describe("the frame around the pages", () => {
  it("names the zone of its times, and switches it everywhere", () =>
    visitor.visit(`${ui.url}trace/${trace.traceId}`, async (page) => {
      const start = BigInt(trace.startTimeUnixNano) / 1_000_000n;
      const shown = (hours: number) =>
        new Date(Number(start) + hours * 3_600_000).toISOString().replace("T", " ").slice(0, 19);
      await page.getByText(shown(9)).first().waitFor();
      const zone = page.getByRole("button", { name: /^Times: local time, UTC\+09:00/ });
      expect(await zone.textContent()).toBe("UTC+09:00");
      await zone.click();
      await page.getByText(shown(0)).first().waitFor();
      await page.reload();
      await page.getByText(shown(0)).first().waitFor();
      await page.getByRole("button", { name: /^Times: UTC/ }).click();
      await page.getByText(shown(9)).first().waitFor();
    }));

  it("leads to the licences of what the pages are made of", () =>
    visitor.visit(`${ui.url}search`, async (page) => {
      await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      const link = page.getByRole("dialog").getByRole("link", { name: "Licences of the code in these pages" });
      const answer = await page.request.get(new URL((await link.getAttribute("href")) ?? "", ui.url).href);
      expect(answer.headers()["content-type"]).toContain("text/plain");
      const text = await answer.text();
      // Of the pages, and of the worker that reads files.
      for (const name of ["react-dom", "@tanstack/react-router", "uplot", "buffer"]) {
        expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
      }
    }));

  it("has the chosen theme, and a frame, before any of its scripts is there", () =>
    visitor.visit(`${ui.url}search`, async (page) => {
      await page.getByRole("button", { name: /Switch to light/ }).click();
      await page.getByRole("button", { name: /Switch to dark/ }).click();
      await page.route(/assets\/.*\.js/, (route) => route.abort());
      await page.reload();
      const seen = () => page.evaluate("[document.documentElement.dataset.theme, document.body.innerText.trim()]");
      await expect.poll(seen).toEqual(["dark", "Spanloom"]);
      const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      expect(background).toBe("rgb(14, 19, 24)");
    }));

  it("says that the collector is away, and that it is back", async () => {
    const first = await startUi(batches);
    const port = Number(new URL(first.url).port);
    let second: UiServer | undefined;
    try {
      await visitor.visitInTime(`${first.url}services/frontend`, async (page) => {
        await page.getByRole("heading", { level: 1, name: "frontend" }).waitFor();
        await first.close();
        await page.getByLabel("Look-back").selectOption("3h");
        const sign = page.getByRole("status").filter({ hasText: "Collector not reachable" });
        await untilLater(page, () => sign.isVisible());
        expect(await violations(page)).toEqual([]);
        second = await startUi(batches, "/", { port });
        await untilLater(page, async () => (await sign.count()) === 0);
      });
    } finally {
      await second?.close();
    }
  });
});
