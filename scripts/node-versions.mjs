// Which Node this program needs, and how to come by one. Loaded before the version of Node is known to do (run.mjs).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { locked, ROOT, TEMP } from "./checkout-lock.mjs";
import { fail, say } from "./messages.mjs";

/** The major version that is fetched where the machine's Node is too old. */
export const REPLACEMENT = "24";
/** As `engines` of package.json has it: 22.13. */
export const NEEDED = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).engines.node.replace(
  /^>=|\.0$/g,
  "",
);

export function isTooOld(version) {
  const [major, minor] = version.split(".").map(Number);
  const [neededMajor, neededMinor] = NEEDED.split(".").map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

/**
 * Where a Node of that major version is: the running one, or one from the npm registry, fetched once into .tmp/.
 * Ends the process, saying what is needed, where none can be had.
 */
export function folderOfNode(major) {
  const running = process.versions.node;
  if (running.split(".")[0] === major && !isTooOld(running)) {
    return { version: running, executable: process.execPath, folder: dirname(process.execPath) };
  }
  // Their npm, up to version 8, is older than what the lock file was tried with.
  if (Number(running.split(".")[0]) < 18) cannot(major, "the npm of this one is too old to fetch what is needed");
  const folder = join(TEMP, `node-${major}`);
  const kept = relative(ROOT, folder);
  const stamp = join(folder, "fetched.json");
  if (!existsSync(stamp)) {
    locked(() => {
      if (!existsSync(stamp)) writeFileSync(stamp, JSON.stringify(fetchNode(major, folder, kept)));
    });
  }
  return { kept, ...JSON.parse(readFileSync(stamp, "utf8")) };
}

function fetchNode(major, folder, kept) {
  const name = packageOfPlatform();
  say(`fetching Node ${major} (${name}, once)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // A package of its own, so that npm neither looks for one above nor touches this one.
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--loglevel=error"];
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const fetched = spawnSync(npm, ["install", ...flags, `${name}@${major}`], {
    cwd: folder,
    stdio: ["ignore", 2, "inherit"],
    shell: process.platform === "win32",
  });
  if (fetched.error || fetched.status !== 0)
    cannot(major, `${name}@${major} could not be fetched from the npm registry`);
  const where = join(folder, "node_modules", name);
  const executable = join(where, JSON.parse(readFileSync(join(where, "package.json"), "utf8")).bin.node);
  const asked = spawnSync(executable, ["-p", "process.versions.node"], { encoding: "utf8" });
  if (asked.status !== 0) cannot(major, `${join(kept, relative(folder, executable))} does not run on this machine`);
  return { version: asked.stdout.trim(), executable, folder: dirname(executable) };
}

/**
 * The package `node` is a script that installs one of these by name; taking it directly works where scripts are off.
 */
function packageOfPlatform() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const start = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${start}-${system}-${process.arch}`;
}

function cannot(major, reason) {
  if (!isTooOld(process.versions.node)) fail(`no Node ${major}: ${reason}`);
  fail(
    `Node ${process.versions.node} is too old: spanloom needs Node ${NEEDED} or newer, and ${reason}. ` +
      `Install Node ${REPLACEMENT} (https://nodejs.org, or nvm install ${REPLACEMENT}) and start again`,
  );
}
