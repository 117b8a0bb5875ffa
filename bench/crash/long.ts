// The long form of the crash tests: the process killed at random moments of storing and of sealing, logs cut, bytes
// flipped.
//   npm run bench -- crash/long [--rounds 50]
// `npm test` runs the same tests with few rounds.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "50" } } });
const { status } = spawnSync("npx", ["--no-install", "vitest", "run", "test/crash", "src/storage/sealing"], {
  stdio: "inherit",
  env: { ...process.env, SPANLOOM_CRASH_ROUNDS: values.rounds },
});
process.exitCode = status ?? 1;
