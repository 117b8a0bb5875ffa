import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { DemoShop, joinTraces } from "../../src/demo/generator.ts";
import type { TracesData } from "../../src/model/span.ts";
import type { UiDependenciesResponse } from "../../src/query/ui/api-types.ts";
import { eventually } from "../support/eventually.ts";
import { manyServices } from "../support/query/call-graph.ts";
import { batchOf } from "../support/query/fixture-traces.ts";
import { Visitor } from "./browser.ts";
import { tracesOfCalls } from "./call-traces.ts";
import { launchBrowser } from "./launch-browser.ts";
import { startUi, type UiServer } from "./ui-server.ts";

const FORTY = manyServices(40);
const NAMES = [...new Set(FORTY.flatMap(({ parent, child }) => [parent, child]))];

let browser: Browser;
let visitor: Visitor;
let forty: UiServer;

beforeAll(async () => {
  const now = BigInt(Date.now()) * 1_000_000n;
  forty = await startUi([batchOf(tracesOfCalls(FORTY, now - 2_000_000_000n))]);
  forty.reader.links = FORTY;
  browser = await launchBrowser();
  // The API over batches in memory knows no structure in TraceQL, and says so.
  visitor = new Visitor(browser, {}, /400/);
});
afterAll(async () => {
  await browser?.close();
  await forty?.close();
});

const open = (path: string, check: (page: Page) => Promise<unknown>, width?: number) =>
  visitor.visit(forty.url + path, check, width);
const map = (page: Page) => page.getByRole("region", { name: /^Map of calls/ });
const card = (page: Page, name: string) => map(page).getByRole("link", { name: new RegExp(`^${name}(?![\\w-])`) });
const panel = (page: Page, kind: "Service" | "Call") => page.getByRole("complementary", { name: kind });
const ways = (page: Page) => page.getByRole("complementary").getByRole("link");

describe("the map", () => {
  it("fits 40 services on the first screen, none over another", () =>
    open("dependencies", async (page) => {
      await card(page, "checkout").waitFor();
      const screen = (await map(page).boundingBox())!;
      expect(screen.y + screen.height).toBeLessThanOrEqual(800);
      const boxes = await Promise.all(NAMES.map(async (name) => (await card(page, name).boundingBox())!));
      for (const [index, a] of boxes.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(screen.x);
        expect(a.y).toBeGreaterThanOrEqual(screen.y);
        expect(a.x + a.width).toBeLessThanOrEqual(screen.x + screen.width);
        expect(a.y + a.height).toBeLessThanOrEqual(screen.y + screen.height);
        for (const b of boxes.slice(index + 1)) {
          expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(
            true,
          );
        }
      }
    }));

  it("zooms with wheel, buttons and keys, moves with drag and arrows, and keeps that in the address", () =>
    open("dependencies", async (page) => {
      const box = async () => (await card(page, "payment").boundingBox())!;
      await card(page, "payment").waitFor();
      const first = await box();
      await page.getByRole("button", { name: "Zoom in" }).click();
      await expect.poll(async () => (await box()).width).toBeGreaterThan(first.width * 1.2);
      await page.getByRole("button", { name: "Fit the map" }).click();
      await expect.poll(async () => (await box()).width).toBeCloseTo(first.width, 3);
      // The point under the pointer stays.
      await page.mouse.move(first.x + 1, first.y + 1);
      await page.mouse.wheel(0, -200);
      await expect.poll(async () => (await box()).width).toBeGreaterThan(first.width * 1.2);
      expect(Math.abs((await box()).x - first.x)).toBeLessThan(2);
      await page.keyboard.press("Tab");
      await map(page).focus();
      await page.keyboard.press("0");
      await expect.poll(async () => (await box()).width).toBeCloseTo(first.width, 3);
      await page.keyboard.press("+");
      await page.keyboard.press("ArrowRight");
      await page.waitForURL(/[?&]at=/);
      const screen = (await map(page).boundingBox())!;
      const before = await box();
      await page.mouse.move(screen.x + screen.width / 2, screen.y + screen.height - 6);
      const old = page.url();
      await page.mouse.down();
      await page.mouse.move(screen.x + screen.width / 2 - 90, screen.y + screen.height - 46, { steps: 5 });
      await page.mouse.up();
      const after = await box();
      expect(after.x - before.x).toBeCloseTo(-90, 0);
      expect(after.y - before.y).toBeCloseTo(-40, 0);
      await expect.poll(() => page.url()).not.toBe(old);
      await page.reload();
      await card(page, "payment").waitFor();
      await expect.poll(async () => Math.abs((await box()).x - after.x)).toBeLessThan(2);
      expect(await panel(page, "Service").count()).toBe(0);
    }));

  it("says 1 failure in 1,958 calls as what it is, and colours by the share", () =>
    open(`dependencies?view=table&find=${FORTY[0]!.child}`, async (page) => {
      const [{ parent, child }] = FORTY as unknown as [(typeof FORTY)[number]];
      await page.getByRole("row", { name: `${parent} ${child} 1,958 1 < 0.1 %` }).waitFor();
      await page.getByRole("button", { name: "Graph" }).click();
      const line = page.locator(`g[data-from="${parent}"][data-to="${child}"]`).first();
      await line.waitFor({ state: "attached" });
      expect(await line.getAttribute("data-level")).toBe("few");
      const failing = FORTY.find(({ errorCount, callCount }) => errorCount / callCount >= 0.05)!;
      const bad = page.locator(`g[data-from="${failing.parent}"][data-to="${failing.child}"]`).first();
      expect(await bad.getAttribute("data-level")).toBe("many");
    }));

  it("brings out the neighbours of what the pointer or the keyboard is on", () =>
    open("dependencies", async (page) => {
      const near = new Set(["orders"]);
      for (const { parent, child } of FORTY) {
        if (parent === "orders") near.add(child);
        if (child === "orders") near.add(parent);
      }
      const bright = async () => {
        const cards = map(page).locator("[data-service][data-dim=false]");
        return (await cards.evaluateAll((all) => all.map((one) => one.getAttribute("data-service")))).sort();
      };
      await card(page, "orders").hover();
      await expect.poll(bright).toEqual([...near].sort());
      await page.mouse.move(2, 2);
      await expect.poll(async () => (await bright()).length).toBe(NAMES.length);
      await page.getByRole("textbox", { name: "Find a service" }).fill("warehouse");
      await page.waitForURL(/find=warehouse/);
      await expect.poll(bright).toEqual(["warehouse-eu-west", "warehouse-us-east"]);
      await page.getByText("2 of 39 services found.").waitFor();
      await page.keyboard.press("Enter");
      await panel(page, "Service").getByRole("heading", { name: "warehouse-eu-west" }).waitFor();
    }));

  it("leads by keyboard from a service to its calls and their traces, the look-back kept", () =>
    open("dependencies?lookback=3h", async (page) => {
      await card(page, "orders").press("Enter");
      await page.waitForURL(/service=orders/);
      const hrefs = async () => ways(page).evaluateAll((all) => all.map((one) => one.getAttribute("href")));
      await panel(page, "Service").getByRole("link", { name: "Search traces" }).waitFor();
      expect((await hrefs()).every((href) => href?.includes("lookback=3h"))).toBe(true);
      const call = FORTY.find(({ child }) => child === "orders")!;
      await panel(page, "Service").getByRole("link", { name: call.parent, exact: true }).first().press("Enter");
      await panel(page, "Call")
        .getByRole("heading", { name: `${call.parent} → orders` })
        .waitFor();
      expect(page.url()).not.toContain("service=");
      await page.keyboard.press("Escape");
      await panel(page, "Call").waitFor({ state: "hidden" });
      await page.goBack();
      await panel(page, "Call").waitFor();
    }));

  it("draws a service with its neighbours alone, and all again", () =>
    open("dependencies?service=orders", async (page) => {
      await panel(page, "Service").getByRole("link", { name: "Only its neighbours" }).click();
      await page.waitForURL(/near=orders/);
      await page.getByText(/^orders and its neighbours, \d of 39 services/).waitFor();
      expect(await map(page).getByRole("link").count()).toBeLessThan(10);
      await page.getByRole("button", { name: "Show all 39" }).click();
      await expect.poll(() => map(page).getByRole("link").count()).toBe(39);
    }));

  it("opens a call with a press on its line", () =>
    open("dependencies?near=mail-relay", async (page) => {
      const line = map(page).locator("svg g[data-from=mail-relay] path").first();
      await line.waitFor({ state: "attached" });
      const middle = await line.evaluate((path) => {
        const curve = path as unknown as {
          getTotalLength(): number;
          getPointAtLength(at: number): { matrixTransform(by: unknown): { x: number; y: number } };
          getScreenCTM(): unknown;
        };
        const { x, y } = curve.getPointAtLength(curve.getTotalLength() * 0.3).matrixTransform(curve.getScreenCTM());
        return { x, y };
      });
      await page.mouse.click(middle.x, middle.y);
      await panel(page, "Call").waitFor();
      await page.waitForURL(/from=mail-relay&to=/);
    }));

  it("is one of services where the collector knows of nothing else, and says so", async () => {
    const older = new Visitor(browser, {}, /404/);
    await older.visit("about:blank", async (page) => {
      await page.route(/external-calls/, (route) =>
        route.fulfill({ status: 404, json: { error: { message: "gone" } } }),
      );
      await page.goto(`${forty.url}dependencies`);
      await card(page, "checkout").waitFor();
      await page.getByText("Databases, queues and external systems could not be loaded: gone.").waitFor();
    });
    await older.visit("about:blank", async (page) => {
      for (const garbage of ["{}", "null", '{"nodes":{},"links":7}', "<html>"]) {
        await page.route(/external-calls/, (route) =>
          route.fulfill({ body: garbage, contentType: "application/json" }),
        );
        await page.goto(`${forty.url}dependencies`);
        await card(page, "checkout").waitFor();
        await page.getByText(/^Databases, queues and external systems could not be loaded: /).waitFor();
        await page.unroute(/external-calls/);
      }
    });
    await open("dependencies", async (page) => {
      await page.getByText("may be missing: this store cannot count them").waitFor();
    });
  });

  it("fits a phone, the panel below the map and the table too", async () => {
    for (const path of ["dependencies", "dependencies?service=orders", "dependencies?view=table&from=orders&to=x"]) {
      const check = async (page: Page) => {
        await page.getByRole("heading", { name: "Service map" }).waitFor();
        await page.getByText(/39 services/).waitFor();
        const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect(await page.evaluate(beyond), path).toBe(0);
        if (path === "dependencies") {
          const screen = (await map(page).boundingBox())!;
          for (const name of NAMES) {
            const box = (await card(page, name).boundingBox())!;
            expect(box.x, name).toBeGreaterThanOrEqual(screen.x);
            expect(box.x + box.width, name).toBeLessThanOrEqual(screen.x + screen.width);
          }
        }
      };
      await open(path, check, 390);
    }
  });
});

describe("a system of 120 services", () => {
  const MANY = manyServices(120);
  const total = new Set(MANY.flatMap(({ parent, child }) => [parent, child])).size;
  const show = (path: string, check: (page: Page) => Promise<unknown>) =>
    open(path, async (page) => {
      forty.reader.links = MANY;
      try {
        await page.reload();
        await check(page);
      } finally {
        forty.reader.links = FORTY;
      }
    });

  it("has 40 cards at most: the less busy are in groups, which open, and lead to every service and call", () =>
    show("dependencies?external=hide", async (page) => {
      const cards = map(page).getByRole("link");
      const group = map(page).locator("[data-group]").first();
      await group.waitFor();
      expect(await cards.count()).toBeLessThanOrEqual(40);
      await page.getByText(new RegExp(`^${total} services, .* with the fewest calls are in \\d+ groups`)).waitFor();
      await group.click();
      const members = page.getByRole("complementary", { name: "Group" });
      const [name] = await members.getByRole("listitem").allTextContents();
      await members.getByRole("link", { name: name!, exact: true }).click();
      await panel(page, "Service").getByRole("heading", { name: name! }).waitFor();
      // The card of its group stands for it.
      await expect.poll(() => group.getAttribute("aria-current")).toBe("true");
      await page.goBack();
      await members.getByRole("link", { name: "Draw each by itself" }).click();
      await card(page, name!).waitFor();
      await page.getByRole("button", { name: "Group the less busy" }).click();
      await card(page, name!).waitFor({ state: "detached" });
      await page.getByRole("textbox", { name: "Find a service" }).fill(name!);
      await page.getByText(`of ${total} services found.`).waitFor();
      expect(await map(page).locator("[data-service][data-dim=false]").count()).toBeGreaterThan(0);
      await page.getByRole("button", { name: `Show all ${total}` }).click();
      await expect.poll(() => cards.count()).toBe(total);
    }));

  it("says which calls a line to a group stands for, and has them all in the table", () =>
    show("dependencies?external=hide", async (page) => {
      await map(page).locator("[data-group]").first().waitFor();
      const ids = await map(page)
        .locator("[data-group]")
        .evaluateAll((all) => all.map((one) => one.getAttribute("data-service")!));
      const lines = await map(page)
        .locator("svg g[data-from]")
        .evaluateAll((all) => all.map((one) => [one.getAttribute("data-from")!, one.getAttribute("data-to")!]));
      const [from, to] = lines.find((ends) => ends.some((end) => ids.includes(end)))!;
      const rows = page.locator("tbody tr");
      const ends = new URLSearchParams({ external: "hide", from: from!, to: to! });
      await page.goto(`${forty.url}dependencies?${ends}`);
      await panel(page, "Call")
        .getByText(/^This line stands for \d+ connections?\.$/)
        .waitFor();
      await panel(page, "Call").getByRole("listitem").first().getByRole("link").click();
      await panel(page, "Call").getByText("p99").first().waitFor();
      await page.getByRole("button", { name: "Table" }).click();
      await expect.poll(() => rows.count()).toBe(MANY.length);
    }));
});

describe("a call of the demo shop", () => {
  it("leads to traces in which it failed, and no others", async () => {
    const collector = await createCollector({}, { logger: SILENT_LOGGER });
    try {
      const traces = await sendShop(collector);
      const { ui } = collector.endpoints as { ui: string };
      await eventually("the calls are counted", async () => {
        const now = Date.now();
        const asked = await fetch(`${ui}api/ui/dependencies?start=${now - 7_200_000}&end=${now}`);
        const { links } = (await asked.json()) as UiDependenciesResponse;
        return links.some((link) => link.parent === "checkout" && link.child === "inventory" && link.errorCount > 0);
      });
      const failing = failingIn(traces, "checkout", "inventory");
      await visitor.visit(`${ui}dependencies?from=checkout&to=inventory`, async (page) => {
        const links = panel(page, "Call")
          .getByRole("heading", { name: "Newest in which this call failed" })
          .locator("xpath=..")
          .getByRole("listitem")
          .getByRole("link");
        await links.first().waitFor();
        const overTime = (name: RegExp) => panel(page, "Call").getByRole("img", { name });
        await overTime(/^Calls in the last 24 hours: at most [1-9]/).waitFor();
        await overTime(/^Failed calls in the last 24 hours: at most [1-9]/).waitFor();
        await overTime(/^p99 in the last 24 hours: at most \d/).waitFor();
        const ids = await links.evaluateAll((all) =>
          all.map((one) => one.getAttribute("href")!.match(/[0-9a-f]{32}/)![0]),
        );
        expect(ids.length).toBe(Math.min(5, failing.size));
        for (const id of ids) expect(failing.has(id)).toBe(true);
        await links.first().click();
        await page.getByRole("complementary", { name: "Span" }).waitFor();
      });
      await visitor.visit(`${ui}dependencies?lookback=1h`, findsDatabase);
    } finally {
      await collector.shutdown();
    }
  });
});

/** From the card of a database to who calls it and to those calls, and the services without it. */
async function findsDatabase(page: Page): Promise<void> {
  await card(page, "database postgresql").click();
  const external = page.getByRole("complementary", { name: "External system" });
  await external.getByText("postgresql.shop.internal", { exact: true }).waitFor();
  await external.getByRole("link", { name: "inventory" }).click();
  await panel(page, "Call")
    .getByRole("heading", { name: "inventory → postgresql at postgresql.shop.internal" })
    .waitFor();
  await panel(page, "Call")
    .getByRole("img", { name: /^Calls in the last hour: at most [1-9]/ })
    .waitFor();
  await page.getByRole("button", { name: "External systems" }).click();
  await page.waitForURL(/external=hide/);
  await expect.poll(() => card(page, "database postgresql").count()).toBe(0);
  await card(page, "inventory").waitFor();
  await page.goto(page.url().replace(/\?.*/, "?service=kafka (queue)"));
  await external.getByRole("link", { name: "Search traces" }).click();
  await page.waitForURL(/messaging.system/);
  await page.getByRole("list", { name: "Traces" }).getByRole("listitem").first().waitFor();
}

/** Traces of the shop, the newest of now, one every ten seconds. */
async function sendShop(collector: Collector): Promise<readonly TracesData[]> {
  const shop = new DemoShop(4);
  const now = BigInt(Date.now()) * 1_000_000n;
  const traces = Array.from({ length: 250 }, (_, i) => shop.trace(now - BigInt(i + 1) * 10_000_000_000n));
  const { otlpHttp } = collector.endpoints as { otlpHttp: string };
  const response = await fetch(`${otlpHttp.replace(/\/v1\/traces$/, "")}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces(joinTraces(traces)) as Uint8Array<ArrayBuffer>,
  });
  expect(response.status).toBe(200);
  return traces;
}

/** Ids of the traces in which a span of `to` below one of `from` failed. */
function failingIn(traces: readonly TracesData[], from: string, to: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const trace of traces) {
    const spans = trace.flatMap(({ resource, scopeSpans }) => {
      const value = resource.attributes.find(({ key }) => key === "service.name")?.value;
      const name = value?.type === "string" ? value.value : undefined;
      return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ name, span })));
    });
    const serviceOf = new Map(spans.map(({ name, span }) => [span.spanId, name]));
    for (const { name, span } of spans) {
      if (name === to && span.status.code === 2 && serviceOf.get(span.parentSpanId) === from) found.add(span.traceId);
    }
  }
  return found;
}
