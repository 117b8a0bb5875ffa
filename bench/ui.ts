// How fast the trace page is: the built pages and a collector of its own in headless Chromium, one trace of many spans.
//   npm run bench -- ui [--spans 100000,50000] [--runs 5] [--dist dist]
// Prints one JSON line a size: medians of the runs against the goals. Every run opens the page in a fresh profile, so
// that nothing is cached; times end when the frame with the result was painted.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { largeTrace } from "../test/ui/large-trace.ts";
import { launchBrowser } from "../test/ui/launch-browser.ts";
import { quantile } from "./lib/load.ts";
import { round } from "./lib/measure.ts";
import { startSpanloom } from "./lib/systems.ts";
import { firstRows, measurePage, type PageFigures } from "./lib/trace-page.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "100000,50000" },
    runs: { type: "string", default: "5" },
    dist: { type: "string", default: "dist" },
  },
});
const sizes = values.spans.split(",").map(Number);
const runs = Number(values.runs);

/** Milliseconds; rows by the size of the trace. */
const GOALS: Readonly<Partial<Record<keyof PageFigures, number>>> = {
  frameP95Ms: 20,
  frameLongestMs: 100,
  rowNodes: 150,
  collapseMs: 100,
  expandMs: 100,
  findMs: 100,
};
const rowsGoal = (spans: number) => (spans <= 50_000 ? 800 : 1000);

const server = await startSpanloom({ dist: values.dist });
const browser = await launchBrowser();
try {
  for (const [index, spans] of sizes.entries()) await measureSize(spans, (index + 1).toString(16).repeat(32));
} finally {
  await browser.close();
  await server.stop();
}

async function measureSize(spans: number, traceId: string): Promise<void> {
  const requests = largeTrace(traceId, spans);
  for (const request of requests) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(server.url, { method: "POST", headers, body: JSON.stringify(request) });
    if (!answer.ok) throw new Error(`the collector answered ${answer.status} to ${spans} spans`);
  }
  const columns = await timeColumns(traceId);
  const expected = firstRows(requests, 20);
  const pages: PageFigures[] = [];
  for (let run = 0; run < runs; run++) {
    pages.push(await measurePage(browser, `${server.ui}/trace/${traceId}`, spans, expected));
  }
  const goals = { rowsMs: rowsGoal(spans), ...GOALS };
  const figures = Object.fromEntries(
    (Object.keys(pages[0]!) as (keyof PageFigures)[]).map((name) => [name, median(pages.map((page) => page[name]))]),
  ) as unknown as PageFigures;
  const missed = (Object.keys(goals) as (keyof typeof goals)[]).filter((name) => figures[name] > goals[name]!);
  process.stdout.write(
    `${JSON.stringify({ spans, runs, ...figures, ...columns, goals, missed, load: round(loadavg()[0]!) })}\n`,
  );
}

/** The columns as the page asks for them, by a client that only reads them. */
async function timeColumns(traceId: string) {
  const times: number[] = [];
  let received = 0;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    const answer = await fetch(`${server.ui}/api/ui/traces/${traceId}/columns`);
    received = (await answer.arrayBuffer()).byteLength;
    times.push(performance.now() - started);
  }
  return { columnsFirstMs: round(times[0]!), columnsMs: median(times), columnsBytes: received };
}

function median(list: readonly number[]): number {
  return round(
    quantile(
      [...list].sort((a, b) => a - b),
      0.5,
    ),
  );
}
