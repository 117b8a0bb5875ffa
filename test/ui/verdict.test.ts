import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoShop } from "../../src/demo/generator.ts";
import type { LogBlock } from "../../src/model/log.ts";
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
  const lastAt = (has: (spans: ReturnType<typeof spansOf>) => boolean) =>
    traces.findLastIndex((_, at) => has(spansOf(at)));
  const idAt = (index: number) => spansOf(index)[0]?.traceId as string;
  const last = (has: (spans: ReturnType<typeof spansOf>) => boolean) => idAt(lastAt(has));
  const isRoot = ({ parentSpanId }: { readonly parentSpanId: string }) => parentSpanId === "";
  const lockedAt = lastAt(
    (spans) =>
      spans.some(({ events }) => events.some(({ name }) => name === "lock.wait")) &&
      spans.some((span) => isRoot(span) && span.name.startsWith("GET /product")),
  );
  return {
    batches: traces.map((data) => batchOf(data)),
    lockedAt,
    locked: idAt(lockedAt),
    failed: last((spans) => spans.some((span) => isRoot(span) && span.status.code === 2)),
    ordinary: last((spans) => spans.every(({ status }) => status.code !== 2) && spans.some((s) => s.name === "GET /")),
  };
}

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
const { batches, lockedAt, locked, failed, ordinary } = demo();

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
      // The tick on the bars is explained where the colours are.
      await page
        .getByRole("group", { name: /^Services/ })
        .getByText("usual p95", { exact: true })
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

  it("says what it waits for, and comes without a reload", async () => {
    const arriving = await startUi([{ ...(batches[lockedAt] as LogBlock), receivedAtMs: Date.now() }]);
    try {
      await visitor.visit(`${arriving.url}trace/${locked}`, async (page) => {
        await verdict(page)
          .getByText(/^Whether it is slow is not known yet: /)
          .waitFor();
        for (const batch of batches.slice(0, lockedAt)) arriving.push(batch);
        await verdict(page)
          .getByText(/^Slow: .* in inventory SELECT stock/)
          .waitFor();
      });
    } finally {
      await arriving.close();
    }
  });

  it("says nothing of an ordinary one", () =>
    open(`trace/${ordinary}`, async (page) => {
      const answered = page.waitForResponse(/\/verdict$/);
      await page.reload();
      await answered;
      await page.getByRole("treegrid").waitFor();
      expect(await verdict(page).count()).toBe(0);
    }));
});
