import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** The browser with its windows, whether they are shown or not. */
export const WHOLE_BROWSER = "/usr/bin/chromium";
/** The same engine without windows: it needs half the processor time to open a page. `npm test` names what it found. */
const FOR_TESTS = [process.env.CHROMIUM_PATH || "/usr/bin/chromium-headless-shell", WHOLE_BROWSER];

/** Where the browser of the tests is; undefined where there is none. */
export function testBrowser(): string | undefined {
  return FOR_TESTS.find((path) => existsSync(path));
}

/** The system's Chromium, kept from calling home, with some `more` flags. Its pages have the clock of this process. */
export async function launchBrowser(
  more: readonly string[] = [],
  executablePath: string = testBrowser() ?? WHOLE_BROWSER,
): Promise<Browser> {
  // It does not start under a library that sets a clock (libfaketime).
  const { LD_PRELOAD: preloaded, ...env } = process.env;
  const browser = await chromium.launch({
    env,
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-default-apps",
      "--disable-sync",
      "--no-first-run",
      "--no-default-browser-check",
      "--disable-features=Translate,OptimizationHints,MediaRouter",
      "--disable-gpu",
      ...more,
    ],
  });
  if (preloaded !== undefined) await setPageClocks(browser);
  return browser;
}

async function setPageClocks(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  const aheadMs = Date.now() - (await page.evaluate<number>("Date.now()"));
  await page.close();
  const content = `{
    const Machine = Date;
    globalThis.Date = class extends Machine {
      constructor(...given) {
        if (given.length === 0) super(Machine.now() + ${aheadMs});
        else super(...given);
      }
      static now() {
        return Machine.now() + ${aheadMs};
      }
    };
  }`;
  browser.on("context", (context) => {
    void context.addInitScript({ content });
  });
}
