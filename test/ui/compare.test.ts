import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoTrace, demoStore } from "../support/query/demo-store.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow } from "./page-parts.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RUN = `axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(" | ")))`;
const NEVER = "f".repeat(32);
const { reader, traces } = demoStore(700, Date.now() - 3_550_000);
const last = (wanted: (trace: DemoTrace) => boolean) => traces.findLast(wanted) as DemoTrace;
const isCheckout = ({ name, failed }: DemoTrace) => name === "POST /checkout" && !failed;
const slow = last((trace) => isCheckout(trace) && trace.locked);
const fast = last((trace) => isCheckout(trace) && !trace.locked);
const pair = `${fast.traceId}...${slow.traceId}`;

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;
beforeAll(async () => {
  ui = await startUi([], "/", { from: reader });
  browser = await launchBrowser();
  visitor = new Visitor(browser, { bypassCSP: true }, /40[04]/);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const open = (path: string, check: (page: Page) => Promise<unknown>, width?: number) =>
  visitor.visit(ui.url + path, check, width);
const differences = (page: Page) => page.getByRole("list").filter({ has: page.getByRole("heading", { level: 3 }) });

describe("the page that compares two traces", () => {
  it("puts a slow checkout against a fast one down to the query that waited, and leads to its span", () =>
    open(`trace/${pair}`, async (page) => {
      const first = differences(page).getByRole("listitem").first();
      await first.getByText(/^inventory SELECT stock$/).waitFor();
      await page.getByText(/^B took \S+ s, \S+ s longer than A/).waitFor();
      await page.getByText(/^\d+ % of the time added is in inventory SELECT stock/).waitFor();
      await first.getByRole("link", { name: /^B/ }).click();
      await expect.poll(() => activeRow(page).textContent()).toContain("SELECT stock");
      expect(page.url()).toContain(`/trace/${slow.traceId}?span=`);
    }));

  it("shows both as one tree, and the other way round", () =>
    open(`trace/${pair}`, async (page) => {
      const table = page.getByRole("table");
      await table.getByRole("row", { name: /SELECT stock/ }).waitFor();
      const some = await table.getByRole("row").count();
      await page.getByRole("button", { name: /^All \d+$/ }).click();
      await expect.poll(() => table.getByRole("row").count()).toBeGreaterThan(some);
      await page.getByRole("link", { name: "Swap A and B" }).click();
      await page.waitForURL(`${ui.url}trace/${slow.traceId}...${fast.traceId}`);
      await page.getByText(/^B took .* less than A/).waitFor();
    }));

  it("finds a typical trace of the operation and names it in the address", () =>
    open(`trace/typical...${slow.traceId}`, async (page) => {
      await page.getByText(/^\d+ % of the time added is in inventory SELECT stock/).waitFor();
      expect(page.url()).toMatch(new RegExp(`/trace/(?!typical)[0-9a-f]{32}\\.\\.\\.${slow.traceId}$`));
    }));

  it("is reached from the trace's own page", () =>
    open(`trace/${slow.traceId}`, async (page) => {
      await page.getByRole("link", { name: "Compare with typical" }).click();
      await page.getByText(/^\d+ % of the time added is in inventory SELECT stock/).waitFor();
    }));

  it("says that the requests are different ones", () => {
    const home = last(({ name }) => name === "GET /");
    return open(`trace/${home.traceId}...${slow.traceId}`, async (page) => {
      await page.getByText(/^Different requests: A is frontend GET \/, B is frontend POST \/checkout/).waitFor();
    });
  });

  it.each([
    [`${NEVER}...${"e".repeat(32)}`, `trace ${NEVER} not found`],
    [`typical...${NEVER}`, `trace ${NEVER} not found`],
    [`${NEVER}...${NEVER}`, "Both are the same trace."],
    [`${NEVER}...what`, "what is no trace id."],
  ])("says what is the matter with %s", (path, text) =>
    open(`trace/${path}`, async (page) => {
      await page.getByText(text).waitFor();
      await page.getByRole("link", { name: "Go to search" }).waitFor();
    }),
  );

  it.each([
    ["light", 1280],
    ["light", 390],
    ["dark", 1280],
    ["dark", 390],
  ] as const)("has no violations of accessibility in %s at %d px, and no sideways scroll", (theme, width) =>
    open(
      `trace/${pair}`,
      async (page) => {
        await page.emulateMedia({ colorScheme: theme });
        await differences(page).getByRole("listitem").first().waitFor();
        await page.addScriptTag({ content: AXE });
        expect(await page.evaluate(RUN)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      },
      width,
    ),
  );
});
