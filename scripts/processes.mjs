// How the scripts start programs: from the root of the checkout, with what is told going to the terminal.
import { spawn, spawnSync } from "node:child_process";
import { ROOT } from "./checkout-lock.mjs";
import { fail } from "./messages.mjs";

export function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

/** Runs a program to its end and returns its exit code. */
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

/** Runs a JavaScript file until it ends, and ends as it does; signals are its own to handle. */
export function become(args) {
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
