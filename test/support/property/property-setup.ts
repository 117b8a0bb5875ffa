import fc, { type RunDetails } from "fast-check";
import "./property-limit.ts";
import { repeatCommand, SEED } from "../seed.ts";

/**
 * Runs before each test file, and makes every `fc.assert` in it draw from one seed and say, where a property
 * fails, how to repeat it. No test passes a seed of its own: a property that always sees the same cases fails at once
 * or never.
 */
function report<T>(details: RunDetails<T>): void {
  if (!details.failed) return;
  const text = fc.defaultReportMessage(details);
  throw new Error(`${text}\n\nRepeat with: ${repeatCommand()}`, { cause: details.errorInstance });
}

fc.configureGlobal({ seed: SEED, reporter: report });
