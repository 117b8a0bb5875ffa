import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RUN = `axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | ")))`;

/** What axe finds on a page in both themes, WCAG 2.2 AA. The page's context has to bypass the content policy. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const light = await page.evaluate<string[]>(RUN);
  await page.emulateMedia({ colorScheme: "dark" });
  return [...light, ...(await page.evaluate<string[]>(RUN)).map((text) => `dark: ${text}`)];
}
