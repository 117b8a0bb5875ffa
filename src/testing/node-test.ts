import { afterEach, type TestContext } from "node:test";
import { type FailedTestOptions, type FailedTestsOf, saveFailedTest } from "./collector/failed-tests.ts";

/**
 * Saves the traces of every test of node:test that fails, as HTML files named after it, and tells where on stderr.
 * Called once in a test file, or in a suite for its tests, after what starts the collector.
 * @param collector the one of the tests, or what gives it: it may start later
 */
export function saveTracesOfFailedTests(collector: FailedTestsOf, options: FailedTestOptions = {}): void {
  afterEach(async (context) => {
    const { name, passed } = context as TestContext & { readonly passed: boolean };
    if (!passed) await saveFailedTest(collector, options, name);
  });
}
