import { describe, expect, it } from "vitest";
import { callsOf, requestOf, tableOf, withCall } from "../../../test/support/runs/generated-runs.ts";
import { Random } from "../../demo/random.ts";
import type { CallModel } from "../../demo/random-services.ts";
import { buildPopulation } from "../population/build-population.ts";
import type { RunPopulation } from "../population/population.ts";
import { compareRuns } from "./compare-runs.ts";
import { DEFAULT_COMPARE } from "./compare-settings.ts";

const random = new Random(11);
const MODEL = requestOf(random, 50, 0.15);
const LEAF = callsOf(MODEL).find(
  ({ children, name }) => children.length === 0 && name.split(".").length > 2,
) as CallModel;
const INNER = callsOf(MODEL).find(({ children, name }) => children.length > 1 && name.includes(".")) as CallModel;
const run = (model: CallModel, requests = 200): RunPopulation => buildPopulation(tableOf(random, [model], requests));
const MAIN = run(MODEL);

function compared(model: CallModel, requests = 200, settings = {}) {
  return compareRuns(MAIN, run(model, requests), { ...DEFAULT_COMPARE, ...settings });
}
const slower = (call: CallModel, factor: number) =>
  withCall(MODEL, call, (one) => ({ ...one, typical: one.typical * factor }));
const lastName = ({ path }: { readonly path: readonly { readonly name: string }[] }) => path.at(-1)?.name;

describe("comparing runs", () => {
  it("finds equal runs equal, and says how small a slow-down it would have seen", () => {
    const found = compared(MODEL);
    expect(found).toMatchObject({ verdict: "equal", changes: [], commonPaths: 50, unjudgedPaths: 0 });
    expect(found.leastDetectable?.median).toBeGreaterThan(0.05);
    expect(found.leastDetectable?.median).toBeLessThan(0.1);
    expect(found.operations).toHaveLength(50);
  });

  it("names the operation that got slower, and what is slower for it as that", () => {
    const { verdict, changes, shift } = compared(slower(LEAF, 1.3));
    expect(verdict).toBe("worse");
    expect(shift).toBeUndefined();
    expect(changes.filter(({ worse, cause }) => worse && cause).map(lastName)).toEqual([LEAF.name]);
    expect(changes[0]).toMatchObject({ kind: "self", worse: true, cause: true, tracesBefore: 200, tracesAfter: 200 });
    expect(changes[0]?.ratio?.estimate).toBeGreaterThan(1.2);
    expect(changes[0]?.ratio?.estimate).toBeLessThan(1.4);
    expect(changes.every((change) => change.cause || LEAF.name.startsWith(`${lastName(change)}.`))).toBe(true);
  });

  it("tells an operation's own time from that of what it calls", () => {
    const { changes } = compared(slower(INNER, 1.4));
    const causes = changes.filter(({ worse, cause }) => worse && cause);
    expect(causes.map(({ kind, path }) => [kind, path.at(-1)?.name])).toEqual([["self", INNER.name]]);
  });

  it("says of what got faster that it did, and does not take it for worse", () => {
    const { verdict, changes } = compared(slower(LEAF, 0.7));
    expect(verdict).toBe("equal");
    expect(changes.map(lastName)).toContain(LEAF.name);
    expect(changes.every(({ worse }) => !worse)).toBe(true);
  });

  it("reports a shift of the whole run as that, and still finds the operation that stands out", () => {
    const all = (factor: number): CallModel =>
      callsOf(MODEL).reduceRight((model, call) => {
        const found = callsOf(model).find(({ name }) => name === call.name) as CallModel;
        return withCall(model, found, (one) => ({ ...one, typical: call.typical * factor }));
      }, MODEL);
    const shifted = all(1.25);
    const equal = compared(shifted);
    expect(equal).toMatchObject({ verdict: "equal", changes: [] });
    expect(equal.shift?.ratio).toBeGreaterThan(1.2);
    expect(equal.shift?.ratio).toBeLessThan(1.3);
    expect(compared(shifted, 200, { maxShift: 0.1 })).toMatchObject({ verdict: "worse", shift: { worse: true } });
    const leaf = callsOf(shifted).find(({ name }) => name === LEAF.name) as CallModel;
    const both = compared(withCall(shifted, leaf, (one) => ({ ...one, typical: one.typical * 1.3 })));
    expect(both.changes.filter(({ worse, cause }) => worse && cause).map(lastName)).toEqual([LEAF.name]);
  });

  it("finds a call that is repeated for each item, however few the traces are", () => {
    const five = withCall(MODEL, INNER, (one) => ({ ...one, children: [...one.children, ...Array(4).fill(LEAF)] }));
    const again = withCall(MODEL, INNER, (one) => ({ ...one, children: [...one.children, LEAF] }));
    const found = compareRuns(run(again, 3), run(five, 3), DEFAULT_COMPARE);
    expect(found.verdict).toBe("worse");
    expect(found.changes[0]).toMatchObject({ kind: "calls", before: 1, after: 4, p: undefined, cause: true });
    const appeared = compareRuns(run(MODEL, 3), run(five, 3), DEFAULT_COMPARE);
    expect(appeared.verdict).toBe("worse");
    expect(appeared.changes[0]).toMatchObject({ kind: "appeared", after: 4 });
  });

  it("says what is new and what is gone, and lays a slower caller to what is new in it", () => {
    const slow = { ...LEAF, name: "new call", typical: 30, children: [] };
    const { verdict, changes } = compared(
      withCall(MODEL, INNER, (one) => ({ ...one, children: [...one.children, slow] })),
    );
    expect(verdict).toBe("worse");
    expect(
      changes.filter(({ worse, cause }) => worse && cause).map(({ kind, path }) => [kind, path.at(-1)?.name]),
    ).toEqual([["appeared", "new call"]]);
    const gone = withCall(MODEL, LEAF, (one) => ({ ...one, chance: 0 }));
    expect(
      compared(gone)
        .changes.filter(({ kind }) => kind === "vanished")
        .map(lastName),
    ).toEqual([LEAF.name]);
    const other = compareRuns(MAIN, run({ ...MODEL, name: "another" }), DEFAULT_COMPARE);
    expect(other).toMatchObject({ verdict: "undecided", undecided: "no operation is in both runs" });
  });

  it("finds more failures, and names where they begin", () => {
    const failing = (share: number): RunPopulation => {
      const population = run(MODEL);
      const path = population.paths.findIndex(({ name }) => name === LEAF.name);
      const above = population.paths[path]?.parent;
      const paths = population.paths.map((one, i) =>
        i === path || i === above ? { ...one, failedTraces: 200 * share } : one,
      );
      return { ...population, paths };
    };
    const found = compareRuns(failing(0.01), failing(0.2), DEFAULT_COMPARE);
    expect(found.verdict).toBe("worse");
    expect(found.changes.map((change) => [change.kind, lastName(change), change.cause])).toContainEqual([
      "errors",
      LEAF.name,
      true,
    ]);
    expect(found.changes.filter(({ cause }) => !cause)).toHaveLength(1);
    expect(compareRuns(failing(0.05), failing(0.06), DEFAULT_COMPARE).verdict).toBe("equal");
  });

  it("is undecided with too few traces", () => {
    const found = compareRuns(run(MODEL, 4), run(MODEL, 4), DEFAULT_COMPARE);
    expect(found.verdict).toBe("undecided");
    expect(found.undecided).toMatch(/^50 of 50 operations, with most of the time, are in too few traces/);
  });
});
