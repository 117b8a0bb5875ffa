// Two runs in one checkout at once wait for each other instead of installing or building over each other.
// Loaded before the version of Node is known to do (run.mjs).
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, say } from "./messages.mjs";

const PATIENCE_MS = 15 * 60000;

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything that a checkout makes for itself, but for dist/ and node_modules/. */
export const TEMP = join(ROOT, ".tmp");
const LOCK = join(TEMP, "lock");

/** Runs a synchronous action while no other process of this checkout does. Not to be nested. */
export function locked(action) {
  mkdirSync(TEMP, { recursive: true });
  take();
  process.once("exit", release);
  try {
    return action();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

function take() {
  const deadline = Date.now() + PATIENCE_MS;
  let told = false;
  for (;;) {
    if (tryToTake()) return;
    const owner = readOwner(LOCK);
    if (owner !== undefined && !isAlive(owner)) {
      removeLeftOver(owner);
      continue;
    }
    if (Date.now() > deadline) fail(`another run (process ${owner}) holds ${LOCK}; if there is none, remove that file`);
    if (!told) say(`waiting for another run in this folder (process ${owner})`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** The lock appears with its owner in it: a link to a file that was written before. */
function tryToTake() {
  const draft = `${LOCK}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, LOCK);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** A run that was interrupted leaves its lock. Of several that see that, one moves it away. */
function removeLeftOver(owner) {
  const away = `${LOCK}.${process.pid}.old`;
  try {
    renameSync(LOCK, away);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  // Another was faster, and what was moved is the lock that it has taken since.
  if (readOwner(away) === owner) unlinkSync(away);
  else renameSync(away, LOCK);
}

function readOwner(file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function release() {
  try {
    if (readOwner(LOCK) === process.pid) unlinkSync(LOCK);
  } catch (error) {
    say(`${LOCK} stays: ${error.message}`);
  }
}
