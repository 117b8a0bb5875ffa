// A built collector in memory with the traces of the demo, for pictures of its pages.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "./debian.mjs";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const CLI = join(ROOT, "dist/cli/main.js");
const DEMO = ["--seed", "7", "--traces", "400", "--spread", "50m"];

/**
 * Runs `act` while a collector is up: `base` is the address of its pages, `otlp` where it takes spans; `more` are flags
 * of `serve`.
 */
export async function withCollector(act, more = []) {
  const [ui, http, grpc, registry] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const base = `http://127.0.0.1:${ui}/`;
  const collector = spawn(
    process.execPath,
    [
      CLI,
      ...["serve", "--storage", "memory", "--log-level", "error", "--ui", `127.0.0.1:${ui}`],
      ...["--otlp-http", `127.0.0.1:${http}`, "--otlp-grpc", `127.0.0.1:${grpc}`],
      ...["--set", `discovery.server.endpoint=127.0.0.1:${registry}`],
      ...more,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  try {
    await ready(collector, base);
    await act({ base, otlp: `http://127.0.0.1:${http}` });
  } finally {
    collector.kill();
  }
}

export function sendDemo(otlp) {
  return run([CLI, "send", "--demo", ...DEMO, "--endpoint", otlp]);
}

export function openBrowser() {
  return chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox", "--disable-gpu"],
  });
}

/** A failed checkout whose cause lies in the payment where there is one, of those that the store has. */
export async function failedCheckout(base) {
  const failed = await found(base, "limit=50&tags=%7B%22error%22%3A%22true%22%7D");
  const declined = failed.filter(({ services }) =>
    services.some((one) => one.name === "payment" && one.errorCount > 0),
  );
  return (declined.length > 0 ? declined : failed).sort((a, b) => (a.traceId < b.traceId ? -1 : 1))[0];
}

/** The traces of a search, by its query string. */
export async function found(base, query) {
  const response = await fetch(`${base}api/ui/search?${query}`);
  if (!response.ok) throw new Error(`search answered ${response.status}`);
  return (await response.json()).traces;
}

async function ready(collector, base) {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (collector.exitCode !== null) throw new Error(`the collector ended with ${collector.exitCode}`);
    const up = await fetch(`${base}readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the collector was not ready within 30 s");
}

function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(" ")} ended with ${code}`))));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
