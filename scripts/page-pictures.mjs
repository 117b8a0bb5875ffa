#!/usr/bin/env node
// Every page of the UI in both themes and three widths, to be looked at: a built collector in memory, with the demo.
//
//   npm run build && node scripts/page-pictures.mjs FOLDER [part of a picture's name …]
//
// Says for each page what reaches beyond its width. Needs Chromium (CHROMIUM_PATH, or /usr/bin/chromium).
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CLI, failedCheckout, found, openBrowser, sendDemo, withCollector } from "./demo-pictures.mjs";

const [folder, ...wanted] = process.argv.slice(2);
if (folder === undefined) throw new Error("page-pictures: name a folder for the pictures");
mkdirSync(folder, { recursive: true });
const WIDTHS = { 390: 844, 1280: 800, 1920: 1080 };
const THEMES = ["light", "dark"];
const CHECKOUTS = "service=frontend&operation=POST%20%2Fcheckout&order=longest&limit=50";

const browser = await openBrowser();
try {
  await withCollector(async ({ base }) => photograph(base, [{ name: "empty", path: "search" }]));
  await withCollector(async ({ base, otlp }) => {
    await sendDemo(otlp);
    await photograph(base, await pagesOf(base));
  });
  const access = [`access.users.ada.password=${passwordHash()}`, "access.users.ada.scopes=[read]"];
  await withCollector(
    async ({ base }) => photograph(base, [{ name: "login", path: "login" }]),
    access.flatMap((setting) => ["--set", setting]),
  );
} finally {
  await browser.close();
}

async function pagesOf(base) {
  const failed = (await failedCheckout(base)).traceId;
  const checkouts = await found(base, CHECKOUTS);
  const [slow, fast] = [checkouts[0], checkouts.at(-1)];
  const saved = join(folder, "saved.html");
  spawnSync(process.execPath, [CLI, "save", slow.traceId, "--url", base, "--output", saved], { stdio: "inherit" });
  const otlp = Buffer.from(await (await fetch(`${base}api/ui/traces/${failed}/download`)).arrayBuffer());
  const trace = `trace/${slow.traceId}`;
  return [
    { name: "search", path: "search?sort=longest", act: settled },
    { name: "search-nothing", path: "search?service=frontend&minDuration=5m" },
    { name: "search-wrong", path: "search?q=%7B%20.customer.id%20%3D%20" },
    { name: "search-error", path: "search", act: failing },
    { name: "palette", path: "search", act: (page) => page.keyboard.press("Control+k") },
    { name: "trace", path: trace },
    { name: "trace-failed", path: `trace/${failed}`, act: openFirstError },
    { name: "trace-flame", path: `${trace}?view=flame` },
    { name: "trace-table", path: `${trace}?view=table` },
    { name: "trace-map", path: `${trace}?view=map` },
    { name: "trace-raw", path: `${trace}?view=raw` },
    { name: "trace-unknown", path: `trace/${"0af7".repeat(8)}` },
    { name: "compare", path: `trace/${slow.traceId}...${fast.traceId}` },
    { name: "services", path: "monitor" },
    { name: "service", path: "services/checkout" },
    { name: "map", path: "dependencies", act: withDatabases },
    { name: "map-call", path: "dependencies?from=checkout&to=inventory", act: withDatabases },
    { name: "map-table", path: "dependencies?view=table" },
    { name: "collector", path: "collector" },
    { name: "file", path: "search", act: (page) => openFile(page, failed, otlp) },
    { name: "saved", url: pathToFileURL(saved).href },
  ];
}

async function photograph(base, pages) {
  for (const { name, path, url, act } of pages) {
    if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
    for (const [width, height] of Object.entries(WIDTHS)) {
      for (const colorScheme of THEMES) {
        const viewport = { width: Number(width), height };
        const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
        page.setDefaultTimeout(20_000);
        const label = `${name}-${width}-${colorScheme}`;
        try {
          await page.goto(url ?? base + path, { waitUntil: "networkidle" });
          await act?.(page);
          await page.waitForLoadState("networkidle");
          await page.evaluate("document.fonts.ready");
        } catch (error) {
          process.stdout.write(`${label}: ${error.message.split("\n")[0]}\n`);
        }
        const beyond = await page.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        if (beyond > 0) process.stdout.write(`${label}: ${beyond} px too wide\n`);
        await page.screenshot({ path: join(folder, `${label}.png`) });
        await page.close();
      }
    }
    process.stdout.write(`${name}\n`);
  }
}

function passwordHash() {
  const made = spawnSync(process.execPath, [CLI, "token", "--user", "ada", "--json"], {
    input: "correct horse battery",
    encoding: "utf8",
  });
  return JSON.parse(made.stdout).password;
}

async function settled(page) {
  await page.getByRole("img", { name: /^Duration over time/ }).waitFor();
}

async function withDatabases(page) {
  await page.locator("[data-external]").first().waitFor();
}

/** The server answers no search. */
async function failing(page) {
  await page.route(/api\/ui\/search/, (route) => route.fulfill({ status: 500, body: "out of memory" }));
  await page.reload();
  await page.getByRole("alert").first().waitFor();
}

async function openFirstError(page) {
  await page.getByRole("list", { name: "Path to the first error" }).getByRole("button").last().click();
  await page.getByRole("treegrid").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Span" }).getByText("Attributes").waitFor();
}

async function openFile(page, traceId, buffer) {
  const file = { name: `trace-${traceId}.otlp.json`, mimeType: "application/json", buffer };
  await page.getByLabel("Files of traces").setInputFiles([file]);
  await page.getByText("Kept in this tab, not stored.").waitFor();
}
