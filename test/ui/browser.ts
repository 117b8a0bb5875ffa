import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";

/** Slow machines take long; nothing in these tests is measured by how soon it comes. */
const PATIENCE_MS = 25_000;

/**
 * Opens pages in one context, so that scripts are fetched and compiled once a file. Each visit begins with empty
 * storage, and fails when the page throws, logs an error or is refused content, `forgive` aside.
 */
export class Visitor {
  readonly #browser: Browser;
  readonly #options: BrowserContextOptions;
  readonly #forgive: RegExp | undefined;
  readonly #contexts = new Map<number, Promise<Awaited<ReturnType<Browser["newContext"]>>>>();

  constructor(browser: Browser, options: BrowserContextOptions = {}, forgive?: RegExp) {
    this.#browser = browser;
    this.#options = { colorScheme: "light", reducedMotion: "reduce", ...options };
    this.#forgive = forgive;
  }

  visit(url: string, check: (page: Page) => Promise<unknown>, width = 1280): Promise<void> {
    return this.#visit(url, check, width, async () => undefined);
  }

  /** As `visit`, of a page whose clock `untilLater` moves on. */
  visitInTime(url: string, check: (page: Page) => Promise<unknown>): Promise<void> {
    return this.#visit(url, check, 1280, (page) => page.clock.install());
  }

  async #visit(
    url: string,
    check: (page: Page) => Promise<unknown>,
    width: number,
    prepare: (page: Page) => Promise<void>,
  ): Promise<void> {
    const page = await (await this.#context(width)).newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && this.#forgive?.test(message.text()) !== true) complaints.push(message.text());
    });
    try {
      await prepare(page);
      await page.goto(url);
      await check(page);
      expect(complaints).toEqual([]);
    } finally {
      await page.evaluate("localStorage.clear()").catch(() => undefined);
      await page.close();
    }
  }

  #context(width: number) {
    const known = this.#contexts.get(width);
    if (known !== undefined) return known;
    const context = this.#browser.newContext({ ...this.#options, viewport: { width, height: 800 } }).then((opened) => {
      opened.setDefaultTimeout(PATIENCE_MS);
      return opened;
    });
    this.#contexts.set(width, context);
    return context;
  }
}

/**
 * Moves the clock of a page of `visitInTime` on, a second at a time, until `holds`: what the page does by itself after
 * some time is not waited for.
 */
export async function untilLater(page: Page, holds: () => Promise<boolean>): Promise<void> {
  const look = async () => {
    await page.clock.fastForward(1_000);
    return holds();
  };
  await expect.poll(look, { timeout: PATIENCE_MS }).toBe(true);
}
