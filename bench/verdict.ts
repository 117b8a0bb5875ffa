// Whether the verdict on a trace is right: causes are planted into ordinary traces of which half are changed
// recordings, half of generated shops, and the verdict has to name them; on ordinary traces it has to be silent.
//   npm run bench -- verdict [--seeds 20] [--first-seed 1] [--json]
import { parseArgs } from "node:util";
import { Random } from "../src/demo/random.ts";
import type { ServiceCall } from "../src/demo/random-services.ts";
import { STATUS_CODE } from "../src/model/span.ts";
import type { AnalysedTrace } from "../src/query/analysis/analysed-trace.ts";
import { isSlow, LEAST_SAMPLES, operationKey, type Usual } from "../src/query/analysis/usual.ts";
import { judge, type TraceVerdict } from "../src/query/analysis/verdict.ts";
import { PLANTS } from "./lib/planted-causes.ts";
import { generatedPopulation, type Population, recordedPopulation } from "./lib/trace-populations.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    "first-seed": { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const HISTORY = 1_500;
const PLANTED = 20;
const ORDINARY = 200;

interface Tally {
  right: number;
  of: number;
  readonly wrong: string[];
}

const tallies = new Map<string, Tally>();
const first = Number(values["first-seed"]);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  measure("recordings", seed, recordedPopulation());
  measure("generated", seed, generatedPopulation(new Random(seed)));
}
report();

function measure(source: string, seed: number, population: Population): void {
  const random = new Random(seed * 7_919 + 1);
  const usual = usualOf(Array.from({ length: HISTORY }, () => population(random)));
  for (let i = 0; i < ORDINARY; i++) {
    const { trace } = rows(population(random));
    const { slow, failed, repeated } = judge(trace, usual, false);
    count(
      `${source}: ordinary, silent`,
      slow === undefined && failed === undefined && repeated === undefined,
      `${slow?.durationNano} ${repeated?.calls}`,
    );
  }
  for (const [cause, plant] of Object.entries(PLANTS)) {
    let made = 0;
    for (let tries = 0; made < PLANTED && tries < 20 * PLANTED; tries++) {
      const root = population(random);
      const times = usual({ service: root.service, name: root.name, kind: root.kind });
      if (times === undefined) continue;
      const delayMs = Math.max(60, 2.5 * (times.p95Nano / 1e6));
      const planted = plant(random, root, delayMs);
      if (planted === undefined) continue;
      const { trace, rowOf } = rows(root);
      const row = rowOf.get(planted.node);
      if (row === undefined || (cause !== "swallowed failure" && !isSlow((root.end - root.start) * 1e6, times)))
        continue;
      made++;
      const verdict = judge(trace, usual, false);
      count(`${source}: ${cause}`, isRight(cause, verdict, trace, row), describe(verdict, trace, row));
    }
  }
}

function isRight(cause: string, { slow, failed, repeated }: TraceVerdict, trace: AnalysedTrace, row: number): boolean {
  const same = (other: number | undefined) =>
    other !== undefined && trace.name[other] === trace.name[row] && trace.service[other] === trace.service[row];
  const blame = slow?.blame;
  switch (cause) {
    case "slow dependency":
      return blame?.row === row && !blame.own;
    case "lock":
    case "late span":
      return blame?.row === row && blame.own;
    case "swallowed failure":
      return failed?.row === row && failed.recovered;
    case "retry storm":
      return same(repeated?.row) || (same(blame?.row) && (blame?.calls ?? 0) > 1);
    default:
      return same(repeated?.row) || (same(blame?.row) && (blame?.calls ?? 0) > 1);
  }
}

function describe({ slow, silent }: TraceVerdict, trace: AnalysedTrace, row: number): string {
  const name = (at: number | undefined) => (at === undefined ? "nothing" : trace.names[trace.name[at] as number]);
  return `wanted ${name(row)}, blamed ${name(slow?.blame?.row)}${slow?.blame?.own === true ? " itself" : ""} ${silent ?? ""}`;
}

function usualOf(history: readonly ServiceCall[]) {
  const durations = new Map<string, number[]>();
  const walk = (node: ServiceCall): void => {
    const key = operationKey(node);
    const list = durations.get(key);
    if (list === undefined) durations.set(key, [node.end - node.start]);
    else list.push(node.end - node.start);
    for (const child of node.children) walk(child);
  };
  for (const root of history) walk(root);
  const usual = new Map<string, Usual>();
  for (const [key, list] of durations) {
    if (list.length < LEAST_SAMPLES) continue;
    list.sort((a, b) => a - b);
    const at = (q: number) => (list[Math.floor(q * (list.length - 1))] as number) * 1e6;
    usual.set(key, { samples: list.length, medianNano: at(0.5), p95Nano: at(0.95), p99Nano: at(0.99) });
  }
  return (operation: Pick<ServiceCall, "service" | "name" | "kind">) => usual.get(operationKey(operation));
}

/** A tree as the columns that are judged. */
function rows(root: ServiceCall): { readonly trace: AnalysedTrace; readonly rowOf: ReadonlyMap<ServiceCall, number> } {
  const order: { readonly node: ServiceCall; readonly parent: number }[] = [];
  const rowOf = new Map<ServiceCall, number>();
  const walk = (node: ServiceCall, parent: number): void => {
    rowOf.set(node, order.length);
    order.push({ node, parent });
    const row = order.length - 1;
    for (const child of node.children.toSorted((a, b) => a.start - b.start)) walk(child, row);
  };
  walk(root, -1);
  const services = [...new Set(order.map(({ node }) => node.service))];
  const names = [...new Set(order.map(({ node }) => node.name))];
  const trace = {
    count: order.length,
    parent: Int32Array.from(order, ({ parent }) => parent),
    missingRows: [],
    start: Float64Array.from(order, ({ node }) => node.start * 1e6),
    duration: Float64Array.from(order, ({ node }) => (node.end - node.start) * 1e6),
    status: Uint8Array.from(order, ({ node }) => (node.failed ? STATUS_CODE.error : STATUS_CODE.unset)),
    kind: Uint8Array.from(order, ({ node }) => node.kind),
    marks: new Uint8Array(order.length),
    service: Uint32Array.from(order, ({ node }) => services.indexOf(node.service)),
    name: Uint32Array.from(order, ({ node }) => names.indexOf(node.name)),
    services,
    names,
  };
  return { trace, rowOf };
}

function count(name: string, right: boolean, wrong: string): void {
  const tally = tallies.get(name) ?? { right: 0, of: 0, wrong: [] };
  tallies.set(name, tally);
  tally.of++;
  if (right) tally.right++;
  else tally.wrong.push(wrong);
}

function report(): void {
  const lines = [...tallies].map(([name, { right, of, wrong }]) => ({
    name,
    right,
    of,
    percent: Number(((100 * right) / of).toFixed(1)),
    wrong: wrong.slice(0, 3),
  }));
  if (values.json) {
    process.stdout.write(`${JSON.stringify(lines)}\n`);
    return;
  }
  for (const { name, right, of, percent, wrong } of lines) {
    process.stdout.write(
      `${name.padEnd(32)} ${String(right).padStart(5)} of ${String(of).padStart(5)}  ${percent} %\n`,
    );
    if (percent < 100) for (const one of wrong) process.stdout.write(`    ${one}\n`);
  }
}
