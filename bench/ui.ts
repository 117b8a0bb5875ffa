// How fast the pages are: the built pages and a collector of its own in headless Chromium. The search page over many
// traces, then the trace page, one trace of many spans.
//   npm run bench -- ui [--traces 12000] [--spans 100000,50000] [--runs 5] [--dist dist]
// Prints one JSON line for the search and one a size: medians of the runs against the goals. `--spans ""` measures the
// search alone. Every run opens the page in a fresh profile, so that nothing is cached; times end when the frame with
// the result was painted.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { OtlpRequest } from "../test/support/query/fixture-traces.ts";
import { largeTrace } from "../test/ui/large-trace.ts";
import { launchBrowser, WHOLE_BROWSER } from "../test/ui/launch-browser.ts";
import { quantile } from "./lib/load.ts";
import { round } from "./lib/measure.ts";
import { measureSearch, type SearchFigures, shopTraces } from "./lib/search-page.ts";
import { startSpanloom } from "./lib/systems.ts";
import { firstRows, measurePage, type PageFigures } from "./lib/trace-page.ts";

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: "12000" },
    spans: { type: "string", default: "100000,50000" },
    runs: { type: "string", default: "5" },
    dist: { type: "string", default: "dist" },
  },
});
const sizes = values.spans.split(",").filter(Boolean).map(Number);
const runs = Number(values.runs);

/** Milliseconds; rows by the size of the trace. */
const GOALS: Readonly<Partial<Record<keyof PageFigures, number>>> = {
  frameP95Ms: 20,
  frameLongestMs: 100,
  rowNodes: 150,
  collapseMs: 100,
  expandMs: 100,
  findMs: 100,
  flameMs: 300,
};
const SEARCH_GOALS: Readonly<Partial<Record<keyof SearchFigures, number>>> = { valuesMs: 200, longestMs: 500 };
const rowsGoal = (spans: number) => (spans <= 50_000 ? 800 : 1000);

const server = await startSpanloom({ dist: values.dist });
const browser = await launchBrowser([], WHOLE_BROWSER);
try {
  if (Number(values.traces) > 0) await measureSearches(Number(values.traces));
  for (const [index, spans] of sizes.entries()) await measureSize(spans, (index + 1).toString(16).repeat(32));
} finally {
  await browser.close();
  await server.stop();
}

async function measureSearches(traces: number): Promise<void> {
  for (const request of shopTraces(traces, Date.now())) await send(request);
  const pages: SearchFigures[] = [];
  for (let run = 0; run < runs; run++) pages.push(await measureSearch(browser, server.ui));
  report({ traces, runs }, pages, SEARCH_GOALS);
}

async function send(request: OtlpRequest): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(server.url, { method: "POST", headers, body: JSON.stringify(request) });
  if (!answer.ok) throw new Error(`the collector answered ${answer.status}`);
}

/** One line: medians, goals, and which of these were missed. */
function report<Figures extends object>(
  of: object,
  pages: readonly Figures[],
  goals: Readonly<Partial<Record<keyof Figures, number>>>,
  more: object = {},
): void {
  const names = Object.keys(pages[0] as Figures) as (keyof Figures)[];
  const figures = Object.fromEntries(names.map((name) => [name, median(pages.map((page) => Number(page[name])))]));
  const missed = (Object.keys(goals) as (keyof Figures & string)[]).filter((name) => figures[name]! > goals[name]!);
  const line = { ...of, ...figures, ...more, goals, missed, load: round(loadavg()[0]!) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function measureSize(spans: number, traceId: string): Promise<void> {
  const requests = largeTrace(traceId, spans);
  for (const request of requests) await send(request);
  const columns = await timeColumns(traceId);
  const expected = firstRows(requests, 20);
  const pages: PageFigures[] = [];
  for (let run = 0; run < runs; run++) {
    pages.push(await measurePage(browser, `${server.ui}/trace/${traceId}`, spans, expected));
  }
  report({ spans, runs }, pages, { rowsMs: rowsGoal(spans), ...GOALS }, columns);
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
