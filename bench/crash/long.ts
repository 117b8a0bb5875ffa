// The long form of the crash tests: the process killed at random moments of storing, of sealing and of passing on, logs
// cut, bytes flipped, a disk filled.
//   npm run bench -- crash/long [--rounds 50]
// `npm test` runs the same tests with few rounds.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "50" } } });
const { status } = spawnSync(
  "npx",
  ["--no-install", "vitest", "run", "test/crash", "test/e2e/kill.test.ts", "src/storage/sealing"],
  {
    stdio: "inherit",
    env: { ...process.env, SPANLOOM_CRASH_ROUNDS: values.rounds },
  },
);
process.exitCode = status ?? 1;
