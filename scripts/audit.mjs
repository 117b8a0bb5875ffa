#!/usr/bin/env node
// Asks the npm registry for known weaknesses of the packages that are installed with the collector. Ends with 1 where
// one of them is high or critical. A registry that does not answer such questions is said and is no failure.
import { spawnSync } from "node:child_process";
import { ROOT } from "./checkout-lock.mjs";
import { fail, say } from "./messages.mjs";
import { npm } from "./processes.mjs";

const LONGEST_MS = 60_000;

const { stdout } = spawnSync(npm(), ["audit", "--omit=dev", "--json"], {
  cwd: ROOT,
  encoding: "utf8",
  timeout: LONGEST_MS,
  stdio: ["ignore", "pipe", "ignore"],
  shell: process.platform === "win32",
});
const counts = parsed(stdout)?.metadata?.vulnerabilities;
if (counts === undefined) {
  say("the npm registry in use does not tell known weaknesses: nothing was checked");
} else {
  const told = Object.entries(counts).filter(([level, count]) => level !== "total" && count > 0);
  const text = told.map(([level, count]) => `${count} ${level}`).join(", ");
  if (counts.high + counts.critical > 0) fail(`known weaknesses in dependencies: ${text}; \`npm audit\` names them`);
  say(`known weaknesses in dependencies: ${text === "" ? "none" : text}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
