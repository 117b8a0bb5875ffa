import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { violations } from "./axe.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";

const LOADING_MS = 120_000;

let browser: Browser;
let visitor: Visitor;
let collector: Collector;

beforeAll(async () => {
  collector = await createCollector();
  browser = await launchBrowser();
  visitor = new Visitor(browser, { bypassCSP: true });
});
afterAll(async () => {
  await browser?.close();
  await collector?.shutdown();
});

/** `POST /api/ui/admin/demo`. */
const load = (body: object, headers: Record<string, string> = { "x-spanloom": "1" }) =>
  fetch(`${collector.endpoints.ui}api/ui/admin/demo`, { method: "POST", headers, body: JSON.stringify(body) });

describe("the first minutes", () => {
  it(
    "lead from an empty store to the cause of the planted latency without a word of documentation",
    () =>
      visitor.visit(collector.endpoints.ui, async (page) => {
        await page.getByRole("button", { name: "Load the demo shop" }).click();
        // All threads of this collector are this one, and on a busy machine it takes its time.
        await page.getByText(/^1,000 traces$/).waitFor({ timeout: LOADING_MS });
        const guide = page.getByRole("complementary", { name: "The way through the demo" });
        const step = guide.locator("[aria-current=step]");
        await expect.poll(() => step.textContent()).toContain("Drag over the slow traces");
        // What is counted anew is pale until it is there.
        await expect.poll(() => page.locator("[data-stale=true]").count()).toBe(0);
        expect(await violations(page)).toEqual([]);
        await step.getByRole("link").click();
        await expect.poll(() => step.textContent()).toContain("shop.sku=desk-22");
        const ranked = page.getByRole("list", { name: "Attributes, the most telling first" }).getByRole("listitem");
        await ranked.first().getByRole("heading", { name: "desk-22" }).waitFor();
        await page.getByRole("button", { name: "Close the explanation" }).click();
        await step.getByRole("link", { name: "explain them" }).click();
        await page.getByRole("heading", { name: /^What is different about/ }).waitFor();
        await step.getByRole("link", { name: "only these" }).click();
        await expect.poll(() => step.textContent()).toContain("Open one");
        await page.getByText(/^\d\d traces$/).waitFor();
        await page.getByRole("list", { name: "Traces" }).getByRole("listitem").first().click();
        await page.getByText(/^Slow: /).waitFor();
        await page.getByText(/in inventory SELECT stock · .*lock\.wait/).waitFor();
        await guide.getByRole("button", { name: "Close the guide" }).click();
        await guide.waitFor({ state: "detached" });
        await page.reload();
        await page.getByRole("treegrid").waitFor();
        expect(await guide.count()).toBe(0);
      }),
    3 * LOADING_MS,
  );

  it("count what was loaded as received, and list all that listens", () =>
    visitor.visit(`${collector.endpoints.ui}collector`, async (page) => {
      const received = page.getByRole("region", { name: "Received" });
      await received.getByText("spans that no sender sent").waitFor();
      expect(await received.getByText("Nothing received").count()).toBe(0);
      const { queryGrpc, tempo, registry } = collector.endpoints;
      for (const [title, address] of [
        ["Jaeger API (gRPC)", queryGrpc],
        ["Tempo API", tempo],
        ["registry (Consul API)", registry],
      ]) {
        if (address === undefined) continue;
        await page.getByText(address, { exact: true }).waitFor();
        await page.getByRole("button", { name: `Copy the ${title} endpoint` }).waitFor();
      }
    }));

  it(
    "load the demo beside what is stored only where that is asked for",
    async () => {
      const refused = await load({});
      expect([refused.status, await refused.json()]).toEqual([
        400,
        {
          error: {
            code: "bad_request",
            message: 'traces are stored already: {"again": true} loads the demo beside them',
          },
        },
      ]);
      expect((await load({ again: "yes" })).status).toBe(400);
      expect((await load({ again: true }, {})).status).toBe(403);
      expect(await (await load({ again: true })).json()).toMatchObject({ traces: 1_000 });
    },
    LOADING_MS,
  );
});
