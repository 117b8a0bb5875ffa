import { defineConfig } from "vitest/config";

/** The opt-in suite against other people's programs; each test skips, saying so, where its tool is missing. */
export default defineConfig({
  test: {
    include: ["test/interop/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
});
