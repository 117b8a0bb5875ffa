import { afterEach, expect, it } from "vitest";
import { runningJestTest } from "./jest-state.ts";

/** As jest-circus keeps it: under a symbol that nobody else has. */
const states: symbol[] = [];
function keep(state: object | undefined): void {
  const symbol = Symbol("JEST_STATE_SYMBOL");
  states.push(symbol);
  Object.assign(globalThis, { [symbol]: state });
}
afterEach(() => {
  for (const symbol of states.splice(0)) Reflect.deleteProperty(globalThis, symbol);
});

it("finds the test that runs, also where jest-circus was loaded twice", () => {
  keep({ currentlyRunningTest: null });
  expect(runningJestTest()).toBeUndefined();
  keep(undefined);
  keep({ currentlyRunningTest: { name: "charges once", errors: [new Error("no")] } });
  expect(runningJestTest()).toMatchObject({ name: "charges once", errors: [{ message: "no" }] });
});

it("says with which runner a failed test is known", () => {
  expect(() => runningJestTest()).toThrow("expected no other testRunner in the config of Jest");
});
