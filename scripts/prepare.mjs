// Makes a checkout ready: installs what the lock file names and builds what changed.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locked, ROOT } from "./checkout-lock.mjs";
import { fail, say } from "./messages.mjs";
import { npm, run } from "./processes.mjs";

const INSTALLED = join(ROOT, "node_modules/.spanloom-installed");
const BUILT = join(ROOT, "dist/.built");

/** What dist/ is made of. */
const SOURCES = [
  ...["src", "web", "proto", "package.json", "package-lock.json", "tsconfig.build.json", "tsconfig.json"],
  ...["build-server", "server-bundle", "shared-chunks"].map((name) => `scripts/${name}.mjs`),
];

/** Installs and builds where that is due; `anew` builds in any case. */
export function prepare({ anew = false } = {}) {
  if (!anew && isInstalled() && !isStale()) return;
  locked(() => {
    if (!isInstalled()) install();
    if (anew || isStale()) build();
  });
}

/** What was installed, and where: packages with binaries differ by platform. */
function wanted() {
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform}-${process.arch}`).digest("hex");
}

function isInstalled() {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, "utf8") === wanted();
}

function install() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const count = Object.keys(packages).length - 1;
  const done = step(`installing dependencies with npm ci (up to ${count} packages)`);
  // No package needs a script of its own to be installed.
  const code = run(npm(), ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev"], {}, { stdout: 2 });
  if (code !== 0) fail("npm ci failed; see the output above");
  writeFileSync(INSTALLED, wanted());
  done("installed");
}

function build() {
  // Stamped with the time the build began: what is edited meanwhile is built again.
  const began = new Date();
  const done = step("building the collector and the web UI");
  // What is asked for may print data: what a build says goes beside it.
  const beside = { stdout: 2 };
  if (run(npm(), ["run", "--silent", "build:server"], {}, beside) !== 0) fail("the server did not compile");
  const quiet = ["--logLevel", "warn"];
  if (run(npm(), ["run", "--silent", "build:web", "--", ...quiet], {}, beside) !== 0) fail("the web UI did not build");
  writeFileSync(BUILT, began.toISOString());
  utimesSync(BUILT, began, began);
  done("built");
}

function step(text) {
  say(text);
  const began = performance.now();
  return (name) => say(`${name} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function isStale() {
  if (!existsSync(BUILT)) return true;
  const builtAt = statSync(BUILT).mtimeMs;
  return SOURCES.some((name) => newest(join(ROOT, name)) > builtAt);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}
