import { expect, it } from "vitest";
import { Random } from "../../demo/random.ts";
import { SPAN_KIND } from "../../model/span.ts";
import type { PathFigures, RunPopulation } from "../population/population.ts";
import { scopeLines } from "../report/report-lines.ts";
import { compareRuns } from "./compare-runs.ts";
import { DEFAULT_COMPARE } from "./compare-settings.ts";
import { testTimes } from "./time-test.ts";

const TRACES = 100;
const OPERATIONS = 14;
/** Operations that wait for others, of OPERATIONS. */
const WAITING = 4;

/** Requests of some operations, one after the other; each takes so many times a millisecond. */
function run(random: Random, factorOf: (operation: number) => number, operations = OPERATIONS): RunPopulation {
  const paths = Array.from({ length: operations }, (_, operation): PathFigures => {
    const figures = Float64Array.from(
      { length: TRACES },
      () => 1e6 * factorOf(operation) * (0.8 + 0.4 * random.next()),
    );
    return {
      service: "shop",
      name: `operation ${operation}`,
      kind: SPAN_KIND.internal,
      parent: -1,
      traces: TRACES,
      spans: TRACES,
      failedTraces: 0,
      calls: new Map([[1, TRACES]]),
      durationNano: figures,
      selfNano: figures,
      totalSelfNano: figures.reduce((sum, one) => sum + one, 0),
    };
  });
  const spans = operations * TRACES;
  return { traces: TRACES, spans, startUnixNano: 1n, orphans: 0, leftOut: 0, paths };
}

it("does not lay to an operation what it did not share of a shift of the whole run", () => {
  const random = new Random(3);
  // The machine was quicker, and what waits for a timer or for others was not.
  const quicker = run(random, (operation) => (operation < WAITING ? 1 + operation / 20 : 0.75));
  const found = compareRuns(
    run(random, () => 1),
    quicker,
    DEFAULT_COMPARE,
  );
  expect(found.shift?.ratio).toBeLessThan(0.8);
  expect(found.noise).toBeGreaterThan(0.1);
  expect(found).toMatchObject({ verdict: "equal", changes: [] });
});

it("lays it to the operations where the run as a whole did not change", () => {
  const random = new Random(4);
  const slower = run(random, (operation) => (operation < WAITING ? 1.33 + operation / 20 : 1));
  const found = compareRuns(
    run(random, () => 1),
    slower,
    DEFAULT_COMPARE,
  );
  expect(found.shift).toBeUndefined();
  expect(found.changes.filter(({ worse }) => worse)).toHaveLength(WAITING);
});

it("tells a slower machine from slower code with five operations, and says that it does not with four", () => {
  const random = new Random(6);
  const compared = (operations: number, factorOf: (operation: number) => number) => {
    const before = run(random, () => 1, operations);
    return compareRuns(before, run(random, factorOf, operations), DEFAULT_COMPARE);
  };
  expect(compared(5, () => 1.25)).toMatchObject({ verdict: "equal", changes: [], shift: { worse: false } });
  const two = compared(5, (operation) => (operation < 2 ? 1.4 : 1));
  expect(two.changes.map(({ path }) => path[0]?.name).sort()).toEqual(["operation 0", "operation 1"]);
  const four = compared(4, () => 1.25);
  expect(four).toMatchObject({ verdict: "worse" });
  expect(four.noise).toBeUndefined();
  expect(scopeLines({ names: ["main", "pr"], comparison: four, budgets: [], verdict: four.verdict })).toContain(
    "with 4 operations a slower machine cannot be told from slower code; with five and more it is",
  );
});

it("is never surer of a change than its own interval is", () => {
  // Half of the second run, at random places, fell into a slow while: ranks are sure of what the interval is not.
  const random = new Random(5);
  const before = Float64Array.from({ length: TRACES }, (_, i) => (i % 2) / 1_000 + random.next() / 1e6);
  const after = Float64Array.from({ length: TRACES }, () =>
    random.chance(0.7) ? 2 * random.next() : random.next() / 1e4,
  );
  const { z, change, error } = testTimes({ before, after }, 0);
  expect(z).toBeGreaterThan(0);
  expect(z).toBeLessThanOrEqual(change / error + 1e-9);
});
