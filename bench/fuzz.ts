// Mutated inputs for everything that reads what others send, for as long as it is told to. npm run bench -- fuzz
// [--minutes 10] [--target otlp_json] What is found is printed, minimised, as a line for test/fuzz/found.ts, with the
// seed that repeats it. `npm test` does the same for some seconds.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, target: { type: "string" } } });
const { status } = spawnSync(
  "npx",
  [
    ...["--no-install", "vitest", "run", "test/fuzz"],
    ...(values.target === undefined ? [] : ["-t", `${values.target}:`]),
  ],
  {
    stdio: "inherit",
    env: { ...process.env, SPANLOOM_FUZZ_SECONDS: String(Number(values.minutes) * 60) },
  },
);
process.exitCode = status ?? 1;
