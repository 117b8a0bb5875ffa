#!/usr/bin/env node
// The pictures of the README: starts the built collector in memory, sends the demo and photographs its pages.
//
//   npm run build && node scripts/screenshots.mjs [folder, docs/images by default]
//
// Needs Chromium (CHROMIUM_PATH, or /usr/bin/chromium). Pictures over 250 kB are refused: they stay in the history.
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failedCheckout, openBrowser, ROOT, sendDemo, withCollector } from "./demo-pictures.mjs";

const OUT = process.argv[2] ?? join(ROOT, "docs/images");
const SIZE = { width: 1280, height: 800 };
const MAX_BYTES = 250_000;

await withCollector(async ({ base, otlp }) => {
  await sendDemo(otlp);
  await photograph(base);
});

async function photograph(base) {
  mkdirSync(OUT, { recursive: true });
  const checkout = await failedCheckout(base);
  const pictures = [
    { name: "search", path: "search?sort=longest", themes: ["light", "dark"], act: settled },
    { name: "trace", path: `trace/${checkout.traceId}`, themes: ["light", "dark"], act: openFirstError },
    { name: "map", path: "dependencies", themes: ["light"], act: withDatabases },
  ];
  const browser = await openBrowser();
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
