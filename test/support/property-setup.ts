import fc, { type RunDetails } from "fast-check";
import { repeatCommand, SEED } from "./seed.ts";

/**
 * Runs before each test file, and makes every `fc.assert` in it draw from the file's seed and say, where a property
 * fails, how to repeat it. No test passes a seed of its own: a property that always sees the same cases fails at once
 * or never.
 */
function report<T>(details: RunDetails<T>): void {
  if (!details.failed) return;
  const text = fc.defaultReportMessage(details);
  throw new Error(`${text}\n\nRepeat with: ${repeatCommand()}`, { cause: details.errorInstance });
}

/** On a machine that others keep busy a property sees fewer cases, instead of running out of its test's time. */
const LONGEST_MS = 25_000;

if (process.env.SPANLOOM_LONG_TESTS !== "1") fc.installGlobalPlugin(fc.interruptAfterTimeLimit(LONGEST_MS));
fc.configureGlobal({ seed: SEED, reporter: report });
