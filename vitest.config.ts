import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "web/src/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "test/interop/**"],
    setupFiles: ["test/support/property-setup.ts"],
    // On a shared machine a process may stall for seconds: what fails there twice is broken, and the report names retries.
    // What a random choice has brought to light is never tried again.
    retry: { count: process.env.CI ? 1 : 0, condition: /^(?![\s\S]*SPANLOOM_TEST_SEED=)/ },
    // Waits end earlier with a reason of their own; this is for work that others on the machine hold up.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: "forks",
    maxWorkers: 2,
  },
});
