import { defineConfig } from "vitest/config";
import { laterClock, readersOfRecordings } from "./test/support/clock/later-clock.ts";

const clock = laterClock();
const later =
  clock === undefined ? [] : [...readersOfRecordings(import.meta.dirname), "test/support/clock/later-clock.test.ts"];
// Keep nothing between two tests and start nothing: they share a process, and what it has loaded.
const folders = ["codec", "component", "model", "processors", "propagation", "traceql"].map((name) => `src/${name}`);
const pure = ["web/src", ...folders].map((folder) => `${folder}/**/*.test.ts`);
const never = ["**/node_modules/**", "dist/**", "test/interop/**"];

export default defineConfig({
  test: {
    setupFiles: ["test/support/property/property-setup.ts"],
    // On a shared machine a process may stall for seconds: what fails there twice is broken, and the report names retries.
    // What a random choice has brought to light is never tried again.
    retry: { count: process.env.CI ? 1 : 0, condition: /^(?![\s\S]*SPANLOOM_TEST_SEED=)/ },
    // Waits end earlier with a reason of their own; this is for work that others on the machine hold up.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: "forks",
    maxWorkers: 2,
    // They run in the order of their names: what starts browsers and processes is long, and comes first.
    projects: [
      {
        extends: true,
        test: { name: "a later clock", include: later, exclude: never, ...(clock && { env: clock }) },
      },
      {
        extends: true,
        test: {
          name: "assembled",
          include: ["test/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [...never, ...later],
        },
      },
      {
        extends: true,
        test: {
          name: "parts",
          include: ["src/**/*.test.ts", "web/src/**/*.test.ts"],
          exclude: [...never, ...later, ...pure],
        },
      },
      {
        extends: true,
        test: { name: "pure", include: pure, exclude: [...never, ...later], isolate: false },
      },
    ],
  },
});
