import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoShop } from "../../src/demo/generator.ts";
import { batchOf } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const BEGAN = 1_795_392_000_000n;

/** Some hundred traces of the demo shop, and after them one of each kind that the tests open. */
function demo() {
  const shop = new DemoShop(20_260_713);
  const traces = Array.from({ length: 700 }, (_, i) => shop.trace((BEGAN + BigInt(i) * 5_000n) * 1_000_000n));
  const spansOf = (index: number) =>
    (traces[index] ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const last = (has: (spans: ReturnType<typeof spansOf>) => boolean) => {
    const index = traces.findLastIndex((_, at) => has(spansOf(at)));
    return spansOf(index)[0]?.traceId as string;
  };
  const isRoot = ({ parentSpanId }: { readonly parentSpanId: string }) => parentSpanId === "";
  return {
    batches: traces.map((data) => batchOf(data)),
    locked: last(
      (spans) =>
        spans.some(({ events }) => events.some(({ name }) => name === "lock.wait")) &&
        spans.some((span) => isRoot(span) && span.name.startsWith("GET /product")),
    ),
    failed: last((spans) => spans.some((span) => isRoot(span) && span.status.code === 2)),
    ordinary: last((spans) => spans.every(({ status }) => status.code !== 2) && spans.some((s) => s.name === "GET /")),
  };
}

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
const { batches, locked, failed, ordinary } = demo();

beforeAll(async () => {
  ui = await startUi(batches);
  browser = await launchBrowser();
  visitor = new Visitor(browser, {});
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<void>) => visitor.visit(ui.url + path, check);
const verdict = (page: Page) => page.getByRole("list", { name: "Verdict" });

describe("the verdict on a trace's page", () => {
  it("names what made it slow, and shows that span", () =>
    open(`trace/${locked}`, async (page) => {
      await verdict(page)
        .getByText(/^Slow: .* ▸ \d\d % in inventory SELECT stock · .* · lock\.wait$/)
        .waitFor();
      await verdict(page).getByRole("button", { name: /Slow/ }).click();
      await expect.poll(() => activeRow(page).textContent()).toContain("SELECT stock");
    }));

  it("names the first error and shows it", () =>
    open(`trace/${failed}`, async (page) => {
      await verdict(page)
        .getByText(/^Failed: .* → /)
        .waitFor();
      await verdict(page)
        .getByRole("button", { name: /Failed/ })
        .click();
      await expect.poll(() => activeRow(page).textContent()).not.toContain("frontend");
    }));

  it("says nothing of an ordinary one", () =>
    open(`trace/${ordinary}`, async (page) => {
      const answered = page.waitForResponse(/\/verdict$/);
      await page.reload();
      await answered;
      await page.getByRole("treegrid").waitFor();
      expect(await verdict(page).count()).toBe(0);
    }));
});
