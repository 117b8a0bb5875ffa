import type { Locator, Page } from "playwright-core";

/** The timeline's row that the keys move. */
export function activeRow(page: Page): Locator {
  return page.locator("[data-row][data-active=true]");
}

/** How many spans hold the find text. */
export function findCount(page: Page): Locator {
  return page.getByRole("search", { name: "Find in this trace" }).getByRole("status");
}

/** The plot of durations over the search's results. */
export function durationPlot(page: Page): Locator {
  return page.getByRole("img", { name: /^Duration over time/ });
}
