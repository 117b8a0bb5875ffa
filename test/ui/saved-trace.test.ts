import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tracesToJson } from "../../src/codec/otlp/json/json-out.ts";
import { DemoShop } from "../../src/demo/generator.ts";
import { savedAboutOf } from "../../src/query/local/saved-format.ts";
import { createTestCollector, type TestCollector } from "../../src/testing/collector/create-test-collector.ts";
import { largeTrace } from "./large-trace.ts";
import { launchBrowser } from "./launch-browser.ts";
import { activeRow } from "./page-parts.ts";

const HOSTILE = "e".repeat(32);
const LARGE = "f".repeat(32);
const BAD = "</script><script>window.bad=1</script><!--<script>";
const SECRET = "hunter2-hunter2";

let collector: TestCollector;
let browser: Browser;
let folder: string;
let slow: string;

async function send(body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${collector.url}/v1/traces`, { method: "POST", headers, body });
  expect(answer.status).toBe(200);
}

function hostileTrace(): string {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const start = 1_795_392_000_000_000_000n;
  const span = {
    traceId: HOSTILE,
    spanId: "1".repeat(16),
    name: BAD,
    kind: 2,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 5_000_000n),
    attributes: [
      text(BAD, BAD),
      text("http.request.header.authorization", `Bearer ${SECRET}`),
      text("url.full", `https://shop.example/pay?token=${SECRET}&cart=7`),
      text("user.email", "ann@example.org"),
    ],
    events: [{ timeUnixNano: String(start + 1_000_000n), name: "charged", attributes: [text("card", "blue")] }],
    links: [{ traceId: "d".repeat(32), spanId: "c".repeat(16) }],
    status: { code: 2, message: `login failed: {"password":"${SECRET}"}` },
  };
  const resource = { attributes: [text("service.name", `shop ${BAD}`)] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: BAD }, spans: [span] }] }] });
}

async function saved(traceId: string, query = ""): Promise<string> {
  const answer = await fetch(`${collector.uiUrl}api/ui/traces/${traceId}/page${query}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="trace-${traceId}.html"`);
  const file = join(folder, `${traceId}${query.replace(/\W/g, "")}.html`);
  writeFileSync(file, await answer.text());
  return file;
}

/** Opens a file with the network cut off; fails for what the page complains of, and for anything that it asks for. */
async function open(file: string, check: (page: Page) => Promise<void>, colorScheme: "light" | "dark" = "light") {
  const context = await browser.newContext({ offline: true, colorScheme, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => {
    const asked = request.url();
    if (asked !== pathToFileURL(file).href && !/^(?:data|blob):/.test(asked)) complaints.push(`asked for ${asked}`);
  });
  try {
    await page.goto(pathToFileURL(file).href);
    await check(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-saved-"));
  collector = await createTestCollector();
  browser = await launchBrowser();
  const shop = new DemoShop(20_260_713);
  // What is usual is known of the time before a trace, as its collector received it.
  const began = BigInt(Date.now() - 700 * 5_000);
  const traces = Array.from({ length: 700 }, (_, i) => shop.trace((began + BigInt(i) * 5_000n) * 1_000_000n));
  for (const trace of traces) await send(tracesToJson(trace));
  const spans = traces.map((trace) => trace.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
  slow = spans.findLast(
    (of) =>
      of.some(({ events }) => events.some(({ name }) => name === "lock.wait")) &&
      of.some(({ parentSpanId, name }) => parentSpanId === "" && name.startsWith("GET /product")),
  )?.[0]?.traceId as string;
  await send(hostileTrace());
  for (const request of largeTrace(LARGE, 10_000)) await send(JSON.stringify(request));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await collector?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a trace saved as one file", () => {
  it("shows verdict, rows, find and the panel without a collector, and asks nobody for anything", async () => {
    const file = await saved(slow);
    await open(file, async (page) => {
      await page
        .getByRole("list", { name: "Verdict" })
        .getByText(/^Slow: .* ▸ \d\d % in inventory SELECT stock · .* · lock\.wait$/)
        .waitFor();
      await page.getByText("Saved trace").waitFor();
      await page.getByRole("textbox", { name: "Find in names and attributes" }).fill("desk-22");
      await page.getByRole("search").getByText(/^\d+$/).waitFor();
      await page.getByRole("list", { name: "Verdict" }).getByRole("button").first().click();
      await expect.poll(() => activeRow(page).textContent()).toContain("SELECT stock");
      await activeRow(page).click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByText("db.").first().waitFor();

      expect(await page.locator('a[href^="/search"]:visible').count()).toBe(0);
      await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      await page.getByText("Licences of the code in this file").click();
      await page.getByText(/^react-dom \d+\.\d+\.\d+ \(MIT\)$/m).waitFor();
    });
  });

  it("has names as text, whatever they look like, and none of the secrets", async () => {
    const file = await saved(HOSTILE);
    const html = readFileSync(file, "utf8");
    expect(savedAboutOf(html)?.redacted).toEqual([
      { key: "http.request.header.authorization", values: 1, inText: false },
      { key: "password", values: 1, inText: true },
      { key: "token", values: 1, inText: true },
    ]);
    await open(file, async (page) => {
      await page.getByRole("heading", { name: BAD }).first().waitFor();
      await activeRow(page).click();
      const panel = page.getByRole("complementary", { name: "Span" });
      await panel.getByText("https://shop.example/pay?token=[redacted]&cart=7").waitFor();
      await panel.getByText("charged").waitFor();
      await panel.getByText("d".repeat(32)).first().waitFor();
      expect(await page.content()).not.toContain(SECRET);
      expect(await page.evaluate("window.bad")).toBeUndefined();
      await page.getByText("3 values redacted").click();
      await page.getByText("http.request.header.authorization", { exact: true }).first().waitFor();
    });
  });

  it("keeps what it is told to keep, and takes out what it is told to", async () => {
    const file = await saved(HOSTILE, "?secrets=true&redact=email");
    expect(savedAboutOf(readFileSync(file, "utf8"))?.redacted).toEqual([
      { key: "user.email", values: 1, inText: false },
    ]);
    await open(file, async (page) => {
      await activeRow(page).click();
      await page.getByText(`Bearer ${SECRET}`).first().waitFor();
      expect(await page.content()).not.toContain("ann@example.org");
    });
  });

  it("has 10,000 spans in 2 MB, and shows them at once", async () => {
    const file = await saved(LARGE);
    expect(statSync(file).size).toBeLessThan(2_000_000);
    await open(file, async (page) => {
      await page.getByRole("treegrid").getByRole("row").first().waitFor();
      await page.getByText("10,000").first().waitFor();
    });
  });
});
