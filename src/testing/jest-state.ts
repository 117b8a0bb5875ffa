/** What jest-circus keeps of a test, as far as it is needed. */
interface JestTest {
  readonly name: string;
  readonly errors: readonly unknown[];
}

interface JestState {
  readonly currentlyRunningTest: JestTest | null;
}

/** The key of the state of jest-circus. It is no registered symbol, so that it can be told by this alone. */
const STATE = "JEST_STATE_SYMBOL";

/**
 * The test that Jest runs, in its `afterEach` with the errors that it had. Jest has no way to ask whether a test failed
 * (jestjs/jest issue 5292) but a test environment of one's own, which would take the place of the project's; the state
 * of its runner is where that environment's events come from. A test that loads jest-circus itself has two of them.
 * @throws Error where the runner is another one
 */
export function runningJestTest(): JestTest | undefined {
  const states = Object.getOwnPropertySymbols(globalThis)
    .filter(({ description }) => description === STATE)
    .map((symbol) => (globalThis as unknown as Record<symbol, JestState>)[symbol]);
  if (states.length === 0) {
    throw new Error(
      "spanloom/jest: whether a test failed is known with the runner jest-circus alone, Jest's own since 27; expected no other testRunner in the config of Jest, or saveTraces() of the collector where a test fails",
    );
  }
  return states.find((state) => state?.currentlyRunningTest)?.currentlyRunningTest ?? undefined;
}
