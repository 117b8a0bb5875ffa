// What the commands of package.json do, each from a clean checkout: `npm start`, `npm test` and the others.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./checkout-lock.mjs";
import { ensureChromium, ensureDebianPackages, findChromium } from "./debian.mjs";
import { fail } from "./messages.mjs";
import { prepare } from "./prepare.mjs";
import { become, npm, run } from "./processes.mjs";

const TASKS = {
  start(args) {
    prepare();
    become(process.execPath, [join(ROOT, "dist/cli/main.js"), ...args]);
  },
  build() {
    prepare({ anew: true });
  },
  test(args) {
    prepareTests();
    process.exit(vitest(args));
  },
  later(args) {
    prepareTests({ "/usr/bin/faketime": "faketime" });
    process.exit(vitest(args, { TEST_LATER_CLOCK: "1" }));
  },
  interop(args) {
    prepare();
    ensureDebianPackages({
      "/usr/bin/etcd": "etcd-server",
      "/usr/sbin/dnsmasq": "dnsmasq-base",
      "/usr/bin/strace": "strace",
      "/usr/bin/faketime": "faketime",
      "/usr/sbin/nginx": "nginx",
      "/usr/bin/caddy": "caddy",
    });
    process.exit(vitest(["--config", "vitest.interop.config.ts", ...args]));
  },
  docs() {
    prepare();
    process.exit(run(process.execPath, [join(ROOT, "scripts/docs.mjs")]));
  },
  bench([name, ...args]) {
    prepare();
    if (run(npm(), ["exec", "--", "tsc", "-p", "tsconfig.bench.json"]) !== 0) fail("the benchmarks did not compile");
    const file = join(ROOT, ".tmp/bench/bench", `${name}.js`);
    if (name === undefined || !existsSync(file)) {
      fail("npm run bench -- NAME, for example ingest (bench/ has them all)");
    }
    process.exit(run(process.execPath, [file, ...args]));
  },
  /** Any program, with the Node that runs this first in PATH. */
  exec([command, ...args]) {
    if (command === undefined) fail("node scripts/run.mjs exec -- COMMAND");
    process.exit(run(command, args));
  },
};

export function runTask(name, rest) {
  if (!Object.hasOwn(TASKS, name)) fail(`unknown task ${name}; expected ${Object.keys(TASKS).join(", ")}`);
  TASKS[name](rest[0] === "--" ? rest.slice(1) : rest);
}

/** With some `more` of Debian's packages, by the files that they bring. */
function prepareTests(more = {}) {
  prepare();
  ensureChromium();
  ensureDebianPackages({
    "/usr/bin/python3": "python3",
    "/usr/lib/python3/dist-packages/brotli.py": "python3-brotli",
    "/usr/bin/zsh": "zsh",
    "/usr/bin/fish": "fish",
    ...more,
  });
}

function vitest(args, env = {}) {
  return run(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...args], {
    CHROMIUM_PATH: findChromium() ?? "",
    OTEL_SDK_DISABLED: "",
    NODE_OPTIONS: process.env.NODE_OPTIONS ?? "",
    ...env,
  });
}
