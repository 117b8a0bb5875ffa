// Programs that tests need and no npm package brings. Where that is allowed, Debian's packages are installed.
import { existsSync } from "node:fs";
import { fail, say } from "./messages.mjs";
import { run } from "./processes.mjs";

/** Chromium without windows: the same engine, which opens a page in half the processor time. */
const HEADLESS_SHELL = "/usr/bin/chromium-headless-shell";
const CHROMIUM_PATHS = [
  process.env.CHROMIUM_PATH,
  HEADLESS_SHELL,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export function ensureChromium() {
  if (process.env.CHROMIUM_PATH && existsSync(process.env.CHROMIUM_PATH)) return;
  if (findChromium() !== undefined && process.env.CI === undefined) return;
  ensureDebianPackages({ [HEADLESS_SHELL]: "chromium-headless-shell" });
  if (findChromium() !== undefined) return;
  say("the browser tests need Chromium");
  ensureDebianPackages({ "/usr/bin/chromium": "chromium" });
  if (findChromium() === undefined) {
    fail("no Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH");
  }
}

export function findChromium() {
  return CHROMIUM_PATHS.find((path) => path !== undefined && existsSync(path));
}

/** Installs packages whose files are missing, where this user may (root, and apt-get is there). */
export function ensureDebianPackages(filesToPackages) {
  const missing = Object.entries(filesToPackages)
    .filter(([file]) => !existsSync(file))
    .map(([, name]) => name);
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  say(`installing Debian packages: ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // Where no mirror can be reached, that is said soon.
  run("apt-get", ["update", "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20"], env);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], env);
}
