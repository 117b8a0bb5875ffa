import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { batchOf, toModel } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const TRACE = "c".repeat(32);
/** In the order in which they call each other, and so in which they come: by name it is another. */
const SERVICES = ["web", "gate", "shop", "cart", "stock", "bank", "mail", "pack", "auto", "depot"];

let browser: Browser;
let visitor: Visitor;
let ui: UiServer;

beforeAll(async () => {
  const start = BigInt(Date.now() - 60_000) * 1_000_000n;
  const resourceSpans = SERVICES.map((name, i) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: TRACE,
            spanId: (i + 1).toString(16).padStart(16, "0"),
            ...(i > 0 && { parentSpanId: i.toString(16).padStart(16, "0") }),
            name: `work ${i}`,
            kind: 2,
            startTimeUnixNano: String(start + BigInt(i)),
            endTimeUnixNano: String(start + 1_000_000_000n - BigInt(i)),
          },
        ],
      },
    ],
  }));
  ui = await startUi([batchOf(toModel({ resourceSpans }))]);
  ui.reader.links = SERVICES.slice(1).map((child, i) => ({
    parent: SERVICES[i] as string,
    child,
    callCount: 1,
    errorCount: 0,
  }));
  browser = await launchBrowser();
  visitor = new Visitor(browser);
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

/** The colours and patterns of the marks that stand beside the names of services, as they are painted. */
async function looks(page: Page): Promise<ReadonlyMap<string, string>> {
  await page.locator("[data-hue='3']").first().waitFor({ state: "attached" });
  const found = await page.evaluate<(readonly [string, string])[]>(
    `[...document.querySelectorAll("[data-hue][aria-hidden]")].map((mark) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(mark);
      return [mark.parentElement.textContent, backgroundColor + " " + backgroundImage];
    })`,
  );
  const known = new Map<string, string>();
  for (const name of SERVICES) {
    const mine = new Set(found.flatMap(([text, look]) => (text.startsWith(name) ? [look] : [])));
    expect(mine.size, name).toBeLessThanOrEqual(1);
    for (const look of mine) known.set(name, look);
  }
  return known;
}

it("gives a service the same colour on every page, and patterns from the ninth on", async () => {
  const pages: ReadonlyMap<string, string>[] = [];
  for (const path of [`search?lookback=1h`, "monitor", "dependencies", `trace/${TRACE}`]) {
    await visitor.visit(ui.url + path, async (page) => {
      pages.push(await looks(page));
    });
  }
  const [, services] = pages;
  expect([...(services?.keys() ?? [])].sort()).toEqual([...SERVICES].sort());
  const at = (name: string) => services?.get(name) ?? "";
  expect(new Set(SERVICES.map(at)).size).toBe(SERVICES.length);
  for (const name of SERVICES.slice(0, 8)) expect(at(name), name).toMatch(/ none$/);
  for (const name of SERVICES.slice(8)) expect(at(name), name).toMatch(/ repeating-linear-gradient\(/);
  // The ninth has the hue of the first.
  expect(at("auto").split(" repeating")[0]).toBe(at("web").split(" none")[0]);
  for (const page of pages) {
    expect(page.size).toBeGreaterThan(4);
    for (const [name, look] of page) expect(look, name).toBe(at(name));
  }
});
