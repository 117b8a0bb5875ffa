// How the scripts start programs. Loaded before the version of Node is known to do (run.mjs).
import { spawn, spawnSync } from "node:child_process";
import { ROOT } from "./checkout-lock.mjs";
import { fail } from "./messages.mjs";

export function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

/** Runs a program from the root of the checkout to its end, and returns its exit code. */
export function run(command, args, env = {}, { stdout = "inherit" } = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ["inherit", stdout, "inherit"],
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  if (result.error) fail(`${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Runs a program where this one was started, passes on what this one is told, and ends as it does. */
export function become(command, args, env = process.env) {
  const child = spawn(command, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!comesFromTerminal(signal)) child.kill(signal);
    });
  }
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(child);
  child.on("error", (error) => fail(`${command}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

/** A terminal tells Ctrl-C to all programs in it at once; told twice, the collector would not finish its work. */
function comesFromTerminal(signal) {
  return signal === "SIGINT" && (process.stdin.isTTY || process.stderr.isTTY);
}

/** npm that is told to end tells its shell, which ends and tells nobody. */
function endWithParent(child) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, 500);
  timer.unref();
}
