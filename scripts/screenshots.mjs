#!/usr/bin/env node
// The pictures of the README: starts the built collector in memory, sends the demo and photographs its pages.
//
//   npm run build && node scripts/screenshots.mjs [folder, docs/images by default]
//
// Needs Chromium (CHROMIUM_PATH, or /usr/bin/chromium). Pictures over 250 kB are refused: they stay in the history.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLI = join(ROOT, "dist/cli/main.js");
const OUT = process.argv[2] ?? join(ROOT, "docs/images");
const SIZE = { width: 1280, height: 800 };
const MAX_BYTES = 250_000;
const DEMO = ["--seed", "7", "--traces", "400", "--spread", "50m"];

const [ui, http, grpc, registry] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const base = `http://127.0.0.1:${ui}/`;
const collector = spawn(
  process.execPath,
  [
    CLI,
    ...["serve", "--storage", "memory", "--log-level", "error", "--ui", `127.0.0.1:${ui}`],
    ...["--otlp-http", `127.0.0.1:${http}`, "--otlp-grpc", `127.0.0.1:${grpc}`],
    ...["--set", `discovery.server.endpoint=127.0.0.1:${registry}`],
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
try {
  await ready();
  await run([CLI, "send", "--demo", ...DEMO, "--endpoint", `http://127.0.0.1:${http}`]);
  await photograph();
} finally {
  collector.kill();
}

async function photograph() {
  mkdirSync(OUT, { recursive: true });
  const failed = await found("limit=50&tags=%7B%22error%22%3A%22true%22%7D");
  const declined = failed.filter(({ services }) =>
    services.some((one) => one.name === "payment" && one.errorCount > 0),
  );
  const checkout = (declined.length > 0 ? declined : failed).sort((a, b) => (a.traceId < b.traceId ? -1 : 1))[0];
  const pictures = [
    { name: "search", path: "search?sort=longest", themes: ["light", "dark"], act: settled },
    { name: "trace", path: `trace/${checkout.traceId}`, themes: ["light", "dark"], act: openFirstError },
    { name: "map", path: "dependencies", themes: ["light"], act: withDatabases },
  ];
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    for (const { name, path, themes, act } of pictures) {
      for (const colorScheme of themes) {
        const page = await browser.newPage({ viewport: SIZE, colorScheme, reducedMotion: "reduce" });
        await page.goto(base + path, { waitUntil: "networkidle" });
        await act?.(page);
        const file = join(OUT, `${name}-${colorScheme}.png`);
        const picture = await page.screenshot();
        writeFileSync(file, picture);
        await page.close();
        const bytes = statSync(file).size;
        if (bytes > MAX_BYTES) {
          rmSync(file);
          throw new Error(`${file} would be ${bytes} bytes, more than ${MAX_BYTES}`);
        }
        process.stdout.write(`${file} ${Math.round(bytes / 1000)} kB\n`);
      }
    }
  } finally {
    await browser.close();
  }
}

/** What stands around the results is there too. */
async function settled(page) {
  await page.getByRole("img", { name: /^Duration over time/ }).waitFor();
  await page.getByText("a trace counts where").waitFor();
}

async function withDatabases(page) {
  await page.locator("[data-external]").first().waitFor();
}

/** The span where the first error began, open beside the timeline. */
async function openFirstError(page) {
  await page.getByRole("list", { name: "Path to the first error" }).getByRole("button").last().click();
  await page.getByRole("treegrid").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Span" }).getByText("Attributes").waitFor();
  await page.waitForLoadState("networkidle");
}

async function found(query) {
  const response = await fetch(`${base}api/ui/search?${query}`);
  if (!response.ok) throw new Error(`search answered ${response.status}`);
  return (await response.json()).traces;
}

async function ready() {
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
