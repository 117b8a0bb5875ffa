// Whether `spanloom diff` finds what is there and is silent where nothing is: on generated runs, on real ones of a
// small shop (bench/apps/shop.cjs), and how long it takes on large ones.
//   npm run bench -- diff [--only generated,size,real,equal] [--runs 100] [--requests 200] [--pairs 20]
//     [--spans 1000000] [--dist dist] [--keep FOLDER] [--json]
// Real runs follow one another in pairs, with whatever else the machine does beside them: put some load on it. Each
// pair is told on stderr when it is done; --keep FOLDER keeps the files of all runs, to see what an alarm came from.
// `equal` is `real` without the runs in which something is planted.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/demo/random.ts";
import type { CallModel } from "../src/demo/random-services.ts";
import { compareRuns } from "../src/runs/compare/compare-runs.ts";
import { DEFAULT_COMPARE } from "../src/runs/compare/compare-settings.ts";
import type { RunChange, RunComparison } from "../src/runs/compare/comparison.ts";
import { readRunFile } from "../src/runs/file/read-run-file.ts";
import { runFileText } from "../src/runs/file/write-run-file.ts";
import { buildPopulation } from "../src/runs/population/build-population.ts";
import type { RunPopulation } from "../src/runs/population/population.ts";
import {
  callsOf,
  requestBodies,
  requestOf,
  tableOf,
  tableOfBodies,
  withCall,
} from "../test/support/runs/generated-runs.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "generated,size,real" },
    runs: { type: "string", default: "100" },
    requests: { type: "string", default: "200" },
    pairs: { type: "string", default: "20" },
    spans: { type: "string", default: "1000000" },
    dist: { type: "string", default: "dist" },
    keep: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const OPERATIONS = 50;
const SLOWER = 1.1;
const only = values.only.split(",");
const figures: Record<string, number | string>[] = [];

if (only.includes("generated")) for (const spread of [0.15, 0.5]) generated(spread);
if (only.includes("size")) size();
if (only.includes("real")) real(true);
if (only.includes("equal")) real(false);

function add(what: string, row: Record<string, number | string>): void {
  figures.push({ what, ...row });
  const text = Object.entries(row).map(([name, value]) => `${name} ${value}`);
  if (!values.json) process.stdout.write(`${what}: ${text.join(", ")}\n`);
}

/** Equal runs, runs with one operation that got slower, and runs with a query for each item. */
function generated(spread: number): void {
  const runs = Number(values.runs);
  const requests = Number(values.requests);
  const tally = { alarms: 0, found: 0, named: 0, "query per item found": 0 };
  const least: number[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    const random = new Random(seed * 7_919 + 1);
    const model = requestOf(random, OPERATIONS, spread);
    const planted = random.pick(callsOf(model).slice(1));
    const run = (of: CallModel) => buildPopulation(tableOf(random, [of], requests));
    const before = run(model);
    const equal = compareRuns(before, run(model), DEFAULT_COMPARE);
    if (equal.verdict === "worse") tally.alarms++;
    least.push(equal.leastDetectable?.median ?? Number.NaN);
    const slower = withCall(model, planted, (call) => ({ ...call, typical: call.typical * SLOWER }));
    const slow = compareRuns(before, run(slower), DEFAULT_COMPARE);
    if (slow.verdict === "worse") tally.found++;
    if (causes(slow).some((change) => nameOf(change) === planted.name)) tally.named++;
    const leaf = random.pick(callsOf(model).filter(({ children }) => children.length === 0));
    const items = random.int(2, 20);
    const each = withCall(model, leaf, (call) => ({
      ...call,
      children: Array.from({ length: items }, () => ({ ...call, name: "SELECT item", typical: 0.05 })),
    }));
    const added = compareRuns(before, run(each), DEFAULT_COMPARE);
    if (causes(added).some((change) => nameOf(change) === "SELECT item")) tally["query per item found"]++;
  }
  least.sort((a, b) => a - b);
  const middle = `${((least[least.length >> 1] ?? Number.NaN) * 100).toFixed(1)} %`;
  add(`generated, log standard deviation ${spread}`, { of: runs, ...tally, "least detectable": middle });
}

function causes({ changes }: RunComparison): RunChange[] {
  return changes.filter(({ worse, cause }) => worse && cause);
}

function nameOf({ path }: RunChange): string | undefined {
  return path.at(-1)?.name;
}

/** Two runs of so many spans: from their bytes, from what stands in memory, and from their files. */
function size(): void {
  const random = new Random(1);
  const model = requestOf(random, OPERATIONS, 0.3);
  const requests = Math.ceil(Number(values.spans) / OPERATIONS);
  const bodies = [requestBodies(random, [model], requests), requestBodies(random, [model], requests)] as const;
  const read = timed(() => bodies.map(tableOfBodies));
  const built = timed(() => read.result.map(buildPopulation) as [RunPopulation, RunPopulation]);
  const [before, after] = built.result;
  const compared = timed(() => compareRuns(before, after, DEFAULT_COMPARE));
  const texts = [before, after].map((population) => runFileText("run", population));
  const fromFiles = timed(() => {
    const [first, second] = texts.map((text) => readRunFile("run.jsonl", text).population);
    return compareRuns(first as RunPopulation, second as RunPopulation, DEFAULT_COMPARE);
  });
  const all = [read, built, compared];
  const sum = (of: "seconds" | "cpu") => all.reduce((total, one) => total + one[of], 0);
  add(`${before.spans} and ${after.spans} spans`, {
    "read from OTLP": read.text,
    "put together": built.text,
    compared: compared.text,
    "all of that": secondsText(sum("seconds"), sum("cpu")),
    "compared from files": fromFiles.text,
    "a file, KiB": Math.round((texts[0]?.length ?? 0) / 1024),
  });
}

/** Elapsed time, and that of the processor, which others on the machine alter less. */
function timed<T>(work: () => T): { result: T; seconds: number; cpu: number; text: string } {
  const [began, cpuBegan] = [performance.now(), process.cpuUsage()];
  const result = work();
  const { user, system } = process.cpuUsage(cpuBegan);
  const [seconds, cpu] = [(performance.now() - began) / 1_000, (user + system) / 1e6];
  return { result, seconds, cpu, text: secondsText(seconds, cpu) };
}

function secondsText(seconds: number, cpu: number): string {
  return `${seconds.toFixed(2)} s (${cpu.toFixed(2)} s of a processor)`;
}

/** Pairs of runs of the shop: equal ones, and a second one with an operation that takes 1.3 times as long. */
function real(withPlanted: boolean): void {
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), "spanloom-bench-runs-"));
  const pairs = Number(values.pairs);
  const tally = { alarms: 0, undecided: 0 };
  const planted = { "slower by 30 % found": 0, "query per item found": 0 };
  const told = () => (withPlanted ? { ...tally, ...planted } : tally);
  const least: number[] = [];
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const [a, b] = [shopRun(folder, `${pair}-a`, {}), shopRun(folder, `${pair}-b`, {})];
      const equal = compareRuns(a, b, DEFAULT_COMPARE);
      if (equal.verdict === "worse") tally.alarms++;
      if (equal.verdict === "undecided") tally.undecided++;
      if (equal.verdict === "worse") {
        for (const change of causes(equal)) {
          process.stderr.write(
            `  alarm in pair ${pair}: ${nameOf(change)} ${change.kind} ${change.ratio?.estimate} p ${change.p}\n`,
          );
        }
      }
      least.push(equal.leastDetectable?.median ?? Number.NaN);
      if (withPlanted) {
        const slow = compareRuns(a, shopRun(folder, `${pair}-slow`, { SLOW_RATING: "1.3" }), DEFAULT_COMPARE);
        if (causes(slow).some((change) => nameOf(change) === "rate items")) planted["slower by 30 % found"]++;
        const each = compareRuns(a, shopRun(folder, `${pair}-each`, { EACH: "1" }), DEFAULT_COMPARE);
        if (causes(each).some((change) => nameOf(change) === "SELECT items by sku")) planted["query per item found"]++;
      }
      const shift = `${(100 * ((equal.shift?.ratio ?? 1) - 1)).toFixed(0)} %`;
      process.stderr.write(
        `  pair ${pair + 1} of ${pairs}: ${equal.verdict}, shift ${shift}; ${JSON.stringify(told())}\n`,
      );
    }
  } finally {
    if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
  least.sort((a, b) => a - b);
  const middle = `${((least[least.length >> 1] ?? Number.NaN) * 100).toFixed(1)} %`;
  const load = loadavg().map((value) => value.toFixed(1));
  add("real runs of the shop", { pairs, ...told(), "least detectable": middle, "load average": load.join(" ") });
}

function shopRun(folder: string, label: string, environment: Record<string, string>): RunPopulation {
  const out = join(folder, `${label}.jsonl`);
  const command = [process.execPath, "bench/apps/shop.cjs"];
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(values.dist, "cli/main.js"), "run", "--label", label, "--out", out, "--", ...command],
    { encoding: "utf8", env: { ...process.env, REQUESTS: values.requests, ...environment } },
  );
  if (status !== 0) throw new Error(`the run ended with ${status}: ${stderr}`);
  return readRunFile(out, readFileSync(out, "utf8")).population;
}

if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
