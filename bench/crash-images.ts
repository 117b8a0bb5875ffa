// Power cuts by seeds: the changes that a real run makes to its folder are recorded, and every seed makes of them a
// state in which a power cut may leave the disk, which is opened and checked.
//   npm run bench -- crash-images [--seeds 2000]
// A seed that fails prints how to run it again; the recording that it is of is kept in .tmp/crash-images. `npm test`
// runs the same with 50 seeds. Needs Linux and gcc.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "2000" } } });
const { status } = spawnSync("npx", ["--no-install", "vitest", "run", "test/crash/crash-images.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, SPANLOOM_CRASH_SEEDS: values.seeds },
});
process.exitCode = status ?? 1;
