// How large the saved page of a trace is, and how soon it shows its rows when it is opened from the disk, in a headless
// Chromium that has no network. Every run opens it in a fresh profile.
//   npm run bench -- saved [--spans 10000] [--runs 7]
// Times end when the frame with the first rows was painted. What the page's own thread was busy for says more than that
// where other programs run beside.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Browser, ConsoleMessage } from "playwright-core";
import { createTestCollector } from "../src/testing/testing.ts";
import { largeTrace } from "../test/ui/large-trace.ts";
import { launchBrowser, WHOLE_BROWSER } from "../test/ui/launch-browser.ts";
import { quantile } from "./lib/load.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "10000" },
    runs: { type: "string", default: "7" },
  },
});

const GOALS = { bytes: 2_000_000, rowsMs: 1_000 };
const PATIENCE_MS = 120_000;

/** Tells when the first rows were painted: a message posted from an animation frame is handled after its paint. */
const TELL_ROWS = `new MutationObserver((_, observer) => {
  if (document.querySelector('[role="treegrid"] [role="row"]') === null) return;
  observer.disconnect();
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => console.info("rows painted, ms:", performance.now());
    port2.postMessage(0);
  });
}).observe(document, { childList: true, subtree: true });`;

const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-saved-"));
const collector = await createTestCollector();
const browser = await launchBrowser([], WHOLE_BROWSER);
try {
  for (const request of largeTrace("f".repeat(32), Number(values.spans))) await send(JSON.stringify(request));
  const [file = ""] = await collector.saveTraces({ folder });
  const opened: Opened[] = [];
  for (let run = 0; run < Number(values.runs); run++) opened.push(await open(browser, pathToFileURL(file).href));
  const middle = (of: keyof Opened) => Math.round(quantile(opened.map((one) => one[of]).sort(ascending), 0.5));
  const figures = { bytes: statSync(file).size, rowsMs: middle("rowsMs"), busyMs: middle("busyMs") };
  const load = loadavg().map((value) => Number(value.toFixed(1)));
  const spans = Number(values.spans);
  process.stdout.write(`${JSON.stringify({ spans, runs: opened.length, ...figures, goals: GOALS, load })}\n`);
} finally {
  await browser.close();
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
}

async function send(body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${collector.url}/v1/traces`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`the collector answered ${answer.status}: ${await answer.text()}`);
}

interface Opened {
  /** From the navigation until the rows were painted. */
  readonly rowsMs: number;
  /** Of these the page's main thread was busy. */
  readonly busyMs: number;
}

async function open(by: Browser, url: string): Promise<Opened> {
  const context = await by.newContext({ offline: true, viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.addInitScript(TELL_ROWS);
    const told = page.waitForEvent("console", { predicate: isRowsPainted, timeout: PATIENCE_MS });
    await page.goto(url);
    const [, rowsMs] = (await told).args();
    const { metrics } = await session.send("Performance.getMetrics");
    const busy = metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
    return { rowsMs: Number(await rowsMs?.jsonValue()), busyMs: busy * 1_000 };
  } finally {
    await context.close();
  }
}

function isRowsPainted(message: ConsoleMessage): boolean {
  return message.text().startsWith("rows painted");
}

function ascending(a: number, b: number): number {
  return a - b;
}
