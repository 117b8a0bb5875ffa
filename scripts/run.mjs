#!/usr/bin/env node
// The two commands of the README, `npm start` and `npm test`, on a machine that has only Node and npm: installs what the
// lock file names, builds what changed, then runs. Plain JavaScript, because it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, ".tmp", "build-lock");
const CHROMIUM_PATHS = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const [task, ...rest] = process.argv.slice(2);
const args = rest[0] === "--" ? rest.slice(1) : rest;

checkNode();
switch (task) {
  case "start":
    prepare();
    serve([join(ROOT, "dist/cli/main.js"), ...args]);
    break;
  case "build":
    mkdirSync(join(ROOT, ".tmp"), { recursive: true });
    locked(() => {
      install();
      build();
    });
    break;
  case "prepare":
    prepare();
    break;
  case "test":
    prepare();
    ensureChromium();
    exit(run(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...args], testEnvironment()));
    break;
  case "bench": {
    prepare();
    const [name, ...benchArgs] = args;
    if (run(npm(), ["exec", "--", "tsc", "-p", "tsconfig.bench.json"]) !== 0) fail("the benchmarks did not compile");
    const file = join(ROOT, ".tmp/bench/bench", `${name}.js`);
    if (name === undefined || !existsSync(file))
      fail("npm run bench -- NAME, for example ingest (bench/ has them all)");
    exit(run(process.execPath, [file, ...benchArgs]));
    break;
  }
  case "interop":
    prepare();
    ensureDebianPackages({
      "/usr/bin/etcd": "etcd-server",
      "/usr/sbin/dnsmasq": "dnsmasq-base",
      "/usr/bin/strace": "strace",
    });
    exit(
      run(
        process.execPath,
        [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.interop.config.ts", ...args],
        testEnvironment(),
      ),
    );
    break;
  default:
    fail(`unknown task ${task ?? "(none)"}; expected start, test, build, prepare, bench or interop`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: spanloom needs Node 20.19 or newer (https://nodejs.org)`);
  }
}

function prepare() {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  locked(() => {
    install();
    if (buildIsStale()) build();
  });
}

/** `npm ci` when the lock file changed since the last one, then the SQLite add-on from source. */
function install() {
  const stamp = join(ROOT, "node_modules", ".spanloom-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .update(process.versions.modules)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && addOnLoads()) return;
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    say("installing dependencies");
    // Install scripts stay off: the one that is needed runs below, and nothing fetches a prebuilt binary.
    const code = run(npm(), ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev"]);
    if (code !== 0) fail("npm ci failed; see the output above");
  }
  if (!addOnLoads()) {
    say("building the SQLite add-on from source (about a minute, once)");
    ensureDebianPackages({ "/usr/bin/make": "make", "/usr/bin/g++": "g++", "/usr/bin/python3": "python3" });
    run(npm(), ["rebuild", "better-sqlite3", "--foreground-scripts"], {
      npm_config_build_from_source: "true",
      npm_config_loglevel: "error",
      JOBS: "max",
      ...nodeHeaders(),
    });
    if (!addOnLoads() && !hasBuiltInSqlite()) {
      fail(
        "better-sqlite3 could not be built: it needs python3, make and a C++ compiler (Debian: apt-get install python3 make g++)",
      );
    }
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function addOnLoads() {
  if (!existsSync(join(ROOT, "node_modules/better-sqlite3/build/Release/better_sqlite3.node"))) return false;
  const probe = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(process.execPath, ["-e", probe], { cwd: ROOT, stdio: "ignore" }).status === 0;
}

function hasBuiltInSqlite() {
  return spawnSync(process.execPath, ["-e", "require('node:sqlite')"], { stdio: "ignore" }).status === 0;
}

/** The headers that came with this Node, where they did; else node-gyp finds its own. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
}

function buildIsStale() {
  const stamp = join(ROOT, "dist/.built");
  if (!existsSync(stamp)) return true;
  const builtAt = statSync(stamp).mtimeMs;
  const made = [
    "scripts/build-server.mjs",
    "scripts/server-bundle.mjs",
    "scripts/shared-chunks.mjs",
    "tsconfig.build.json",
    "tsconfig.json",
  ];
  return ["src", "web", "proto", "package.json", "package-lock.json", ...made].some(
    (name) => newest(join(ROOT, name)) > builtAt,
  );
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

function build() {
  say("building");
  // Stamped with the time the build began: what is edited meanwhile is built again.
  const began = new Date();
  // What is asked for may print data: what a build says goes beside it.
  const beside = { stdout: 2 };
  if (run(npm(), ["run", "--silent", "build:server"], {}, beside) !== 0) fail("the server did not compile");
  if (run(npm(), ["run", "--silent", "build:web"], {}, beside) !== 0) fail("the web UI did not build");
  writeFileSync(join(ROOT, "dist/.built"), began.toISOString());
  utimesSync(join(ROOT, "dist/.built"), began, began);
}

function ensureChromium() {
  if (findChromium() !== undefined) return;
  say("the browser tests need Chromium");
  ensureDebianPackages({ "/usr/bin/chromium": "chromium" });
  if (findChromium() === undefined) {
    fail("no Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH");
  }
}

function findChromium() {
  return CHROMIUM_PATHS.find((path) => path !== undefined && existsSync(path));
}

function testEnvironment() {
  return { CHROMIUM_PATH: findChromium() ?? "", OTEL_SDK_DISABLED: "", NODE_OPTIONS: process.env.NODE_OPTIONS ?? "" };
}

/** Installs Debian packages whose files are missing, where that is allowed (root and apt-get). */
function ensureDebianPackages(filesToPackages) {
  const missing = Object.entries(filesToPackages)
    .filter(([file]) => !existsSync(file))
    .map(([, name]) => name);
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  say(`installing Debian packages: ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], env);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], env);
}

/** Two runs in one checkout at once wait for each other here instead of building over each other. */
function locked(action) {
  const deadline = Date.now() + 15 * 60_000;
  for (;;) {
    try {
      mkdirSync(LOCK);
      break;
    } catch {
      const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
      if (Date.now() > deadline || age > 15 * 60_000) {
        fail(`another run holds ${LOCK}; if none is running, remove that folder`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
  const release = () => {
    try {
      rmdirSync(LOCK);
    } catch {}
  };
  process.once("exit", release);
  action();
  release();
  process.removeListener("exit", release);
}

function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

function run(command, commandArgs, env = {}, { stdout = "inherit" } = {}) {
  const result = spawnSync(command, commandArgs, {
    cwd: ROOT,
    stdio: ["inherit", stdout, "inherit"],
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  if (result.error) fail(`${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Runs until the child ends; signals are the child's to handle. */
function serve(commandArgs) {
  const child = spawn(process.execPath, commandArgs, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => exit(code ?? (signal === null ? 1 : 128)));
}

function say(text) {
  process.stderr.write(`spanloom: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`spanloom: ${text}\n`);
  exit(1);
}

function exit(code) {
  process.exit(code);
}
