import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "5b8efff798038103d269b633813fc60c";
const HOSTILE = `<img src=x onerror="document.title='owned'"> declined\n  twice`;

let browser: Browser;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi([batchOf(toModel({ resourceSpans: [ofService("shop", 1, 0), ofService("payments", 2, 1)] }))]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

/** One failed span; only the inner one says why. */
function ofService(service: string, id: number, parent: number) {
  const hex = (value: number) => (value === 0 ? "" : value.toString(16).padStart(16, "0"));
  const began = BigInt(Date.now() - 1_000) * 1_000_000n;
  const span = {
    traceId: TRACE,
    spanId: hex(id),
    parentSpanId: hex(parent),
    name: `${service} <b>call</b>`,
    kind: 1,
    startTimeUnixNano: String(began + BigInt(id)),
    endTimeUnixNano: String(began + 1_000_000n),
    status: { code: 2, message: parent === 0 ? "status 500" : HOSTILE },
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  return { resource, scopeSpans: [{ scope: { name: "test" }, spans: [span] }] };
}

it("a row names the span that went wrong first and what it says, as text alone, and leads to it", () =>
  new Visitor(browser).visit(`${ui.url}search?lookback=1h`, async (page) => {
    const row = page.getByRole("list", { name: "Traces" }).locator(":scope > li");
    const error = row.locator("[data-part=first-error]");
    await error.waitFor();
    expect(await error.textContent()).toBe(
      `payments payments <b>call</b> <img src=x onerror="document.title='owned'"> declined twice`,
    );
    expect(await error.locator("img, b").count()).toBe(0);
    await error.getByRole("link").click();
    await page.waitForURL(new RegExp(`/trace/${TRACE}\\?.*span=0000000000000002`));
    expect(await page.title()).not.toBe("owned");
  }));
