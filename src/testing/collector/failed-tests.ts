import type { SaveTracesOptions } from "./save-traces.ts";

/** What of a test collector is needed. */
export interface Savable {
  saveTraces(options?: SaveTracesOptions): Promise<string[]>;
}

/** The collector of the tests, or what gives it: it may start later than its tests are told. */
export type FailedTestsOf = Savable | (() => Savable | undefined);

/** The files are named after the tests. */
export type FailedTestOptions = Omit<SaveTracesOptions, "name">;

/** Saves what arrived in a test that failed, and tells where on stderr. */
export async function saveFailedTest(of: FailedTestsOf, options: FailedTestOptions, name: string): Promise<void> {
  const collector = typeof of === "function" ? of() : of;
  const files = await collector?.saveTraces({ ...options, name });
  if (files === undefined || files.length === 0) return;
  process.stderr.write(`${name}: its traces are in\n${files.map((file) => `  ${file}\n`).join("")}`);
}
