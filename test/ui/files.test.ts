import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tracesToJson } from "../../src/codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { DemoShop } from "../../src/demo/generator.ts";
import type { TracesData } from "../../src/model/span.ts";
import { createTestCollector, type TestCollector } from "../../src/testing/collector/create-test-collector.ts";
import { Visitor } from "./browser.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow } from "./page-parts.ts";

const BEGAN = 1_795_392_000_000n;

let collector: TestCollector;
let browser: Browser;
let visitor: Visitor;
let folder: string;
let traces: TracesData[];

const idOf = (trace: TracesData) => trace[0]?.scopeSpans[0]?.spans[0]?.traceId as string;
const spansOf = (trace: TracesData) => trace.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-files-"));
  collector = await createTestCollector();
  browser = await launchBrowser();
  visitor = new Visitor(browser);
  const shop = new DemoShop(20_260_713);
  traces = Array.from({ length: 30 }, (_, i) => shop.trace((BEGAN + BigInt(i) * 5_000n) * 1_000_000n));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await collector?.close();
  rmSync(folder, { recursive: true, force: true });
});

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function choose(page: Page, ...files: readonly string[]): Promise<void> {
  await page.getByLabel("Files of traces").setInputFiles([...files]);
}

/** Has the page believe that a file was dropped on it. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  const data = await page.evaluateHandle(`(() => {
    const data = new DataTransfer();
    data.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
    return data;
  })()`);
  await page.dispatchEvent("main", "dragover", { dataTransfer: data });
  await page.getByText("Drop to open in this tab").waitFor();
  await page.dispatchEvent("main", "drop", { dataTransfer: data });
}

async function storedSpans(): Promise<number> {
  return (await collector.spans()).length;
}

const visit = (path: string, check: (page: Page) => Promise<void>, width?: number) =>
  visitor.visit(collector.uiUrl + path, check, width);
const banner = (page: Page) => page.getByText("Kept in this tab, not stored.");

/** A trace of a collector that has it, in the form of one of its read APIs. */
async function asked(path: string): Promise<string> {
  await using other = await createTestCollector();
  for (const trace of traces.slice(0, 3)) {
    const headers = { "content-type": "application/x-protobuf" };
    await fetch(`${other.url}/v1/traces`, { method: "POST", headers, body: encodeTraces(trace) });
  }
  return (await fetch(other.uiUrl + path)).text();
}

describe("a file of traces", () => {
  it("that is dropped opens its one trace in the tab, and is stored nowhere", () =>
    visit("search", async (page) => {
      const [trace] = traces as [TracesData];
      await drop(page, "bug.otlp.json", tracesToJson(trace));
      await banner(page).waitFor();
      expect(page.url()).toContain(`trace/${idOf(trace)}`);
      await page.getByText("bug.otlp.json").waitFor();
      await page.getByRole("treegrid").waitFor();
      // The banner takes its part of the window, and the page does not scroll.
      expect(await page.evaluate("document.documentElement.scrollHeight - innerHeight")).toBeLessThanOrEqual(0);
      await activeRow(page).click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByRole("heading", { level: 2 }).waitFor();
      await panel.getByText("http.request.method").first().waitFor();
      // The store, which has nothing of it, is not what its values are looked for in.
      expect(await panel.getByRole("link", { name: /^Search spans with/ }).count()).toBe(0);
      await panel.getByRole("link", { name: "Find the value of http.request.method in this trace" }).click();
      await expect.poll(() => page.url()).toMatch(/uiFind=(GET|POST)/);
      await panel.getByRole("heading", { level: 2 }).waitFor();
      await page.getByRole("textbox", { name: "Find in names and attributes" }).fill("postgresql");
      await page.getByRole("search", { name: "Find in this trace" }).getByText(/^\d+$/).waitFor();
      expect(await storedSpans()).toBe(0);
      await page.getByRole("button", { name: "Close the file" }).click();
      await page.waitForURL(/\/search/);
      await banner(page).waitFor({ state: "detached" });
    }));

  it.each([
    ["OTLP JSON Lines", "shop.jsonl", () => traces.map(tracesToJson).join("\n"), 30],
    ["gzip", "shop.jsonl.gz", () => gzipSync(traces.map(tracesToJson).join("\n")), 30],
    ["OTLP protobuf", "shop.pb", () => encodeTraces(traces.flat()), 30],
    ["Jaeger JSON", "jaeger.json", () => asked("api/traces?service=frontend&limit=10"), 3],
  ])("of %s is listed where it holds several", async (_, name, content, count) => {
    const file = fileOf(name, await content());
    await visit("monitor", async (page) => {
      await choose(page, file);
      await banner(page).waitFor();
      await page.getByRole("heading", { name: `${count} traces` }).waitFor();
      expect(page.url()).toMatch(/\/file$/);
      const rows = page.getByRole("row");
      expect(await rows.count()).toBe(count + 1);
      await rows.nth(1).getByRole("link").click();
      await page.getByRole("treegrid").waitFor();
      await banner(page).waitFor();
      expect(await storedSpans()).toBe(0);
      expect(page.workers().length).toBe(1);
    });
  });

  it("shows as many spans as the trace has, in every format", async () => {
    const [first] = traces as [TracesData];
    const jaeger = fileOf("one.jaeger.json", await asked(`api/traces/${idOf(first)}`));
    const zipkin = fileOf("one.zipkin.json", JSON.stringify(spansOf(first).map((span) => zipkinOf(span))));
    const otlp = fileOf("one.otlp.json", tracesToJson(first));
    for (const file of [otlp, jaeger, zipkin]) {
      await visit("search", async (page) => {
        await choose(page, file);
        await page.getByRole("treegrid").waitFor();
        const facts = page.locator("[data-part=trace-facts]");
        await facts
          .getByText(String(spansOf(first).length), { exact: true })
          .first()
          .waitFor();
      });
    }
  });

  it.each([
    ["no-traces.json", '{"hello": 1}', /expected OTLP .* found an object of hello/],
    ["cut.json", '{"resourceSpans":[{"scope', /line 1, column/],
    ["logs.json", '{"resourceLogs":[]}', /this looks like OTLP logs/],
    ["picture.png", "\u0089PNG\r\n\u001a\nabcdefgh", /neither JSON nor OTLP protobuf/],
    ["empty.json", "", /the file is empty/],
    ["broken.gz", "\u001f\u008bnot really", /cannot be inflated/],
  ])("%s that cannot be read says why, and leaves the page as it was", async (name, content, why) => {
    const file = fileOf(name, Buffer.from(content, "latin1"));
    await visit("search", async (page) => {
      await choose(page, file);
      const alert = page.getByRole("alert");
      await alert.getByText(`${name} could not be opened`).waitFor();
      expect(await alert.textContent()).toMatch(why);
      expect(page.url()).toContain("search");
      await alert.getByRole("button", { name: "Dismiss" }).click();
      await alert.waitFor({ state: "detached" });
    });
  });

  it("that is broken in part shows the rest, and says what is missing", async () => {
    const lines = traces.slice(0, 3).map(tracesToJson);
    const file = fileOf("part.jsonl", [lines[0], '{"resourceSpans": 7}', lines[1], lines[2]?.slice(0, 300)].join("\n"));
    await visit("search", async (page) => {
      await choose(page, file);
      await page.getByRole("heading", { name: "2 traces" }).waitFor();
      await page.getByText("Not all of it could be read").waitFor();
      await page.getByText(/line 4: /).waitFor();
    });
  });
});

function zipkinOf(span: ReturnType<typeof spansOf>[number]): object {
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentSpanId === "" ? {} : { parentId: span.parentSpanId }),
    name: span.name,
    timestamp: Number(span.startTimeUnixNano / 1_000n),
    duration: Math.max(1, Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1_000n)),
    localEndpoint: { serviceName: "shop", ipv4: "10.0.0.1" },
    tags: { sku: "desk-22" },
  };
}
