import type { Browser, Page } from "playwright-core";
import type { OtlpRequest, OtlpSpan } from "../../test/support/query/fixture-traces.ts";

/** What one visit of the search page took; milliseconds, input to painted result. */
export interface SearchFigures {
  /** Navigation to the first rows, and to the counts of attributes. */
  readonly resultsMs: number;
  readonly facetsMs: number;
  /** `=` typed behind an attribute to its values with counts. */
  readonly valuesMs: number;
  /** A letter of a value typed to the values that hold it. */
  readonly narrowedMs: number;
  /** Another order to its first row. */
  readonly longestMs: number;
}

const PER_REQUEST = 200;
const CUSTOMERS = 500;

/** So many before the newest is the longest: within the hour that is searched however long the runs take. */
const LONGEST_BEFORE_END = 100;

/** Traces of three spans over forty minutes, with what a shop says of its requests; one is by far the longest. */
export function shopTraces(count: number, nowMs: number): OtlpRequest[] {
  const began = BigInt(nowMs - 2_400_000) * 1_000_000n;
  const step = 2_300_000_000_000n / BigInt(count);
  const requests: OtlpRequest[] = [];
  for (let first = 0; first < count; first += PER_REQUEST) {
    const spans: OtlpSpan[] = [];
    for (let i = first; i < Math.min(count, first + PER_REQUEST); i++)
      spans.push(...trace(i, i === count - LONGEST_BEFORE_END, began + step * BigInt(i)));
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
    requests.push({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "bench" }, spans }] }] });
  }
  return requests;
}

function trace(i: number, longest: boolean, start: bigint): OtlpSpan[] {
  const id = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  const ms = longest ? 9_660 : 1 + ((i * 7919) % 2677);
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  return [0, 1, 2].map((at) => ({
    traceId: id(i + 1, 32),
    spanId: id(i * 3 + 1 + at, 16),
    ...(at > 0 && { parentSpanId: id(i * 3 + 1, 16) }),
    name: at === 0 ? `GET /item/${i % 7}` : "SELECT item",
    kind: at === 0 ? 2 : 3,
    startTimeUnixNano: String(start + BigInt(at)),
    endTimeUnixNano: String(start + (BigInt(ms) * 1_000_000n) / BigInt(at + 1)),
    attributes: [
      text("customer.id", `c-${(i * 31) % CUSTOMERS}`),
      text("shop.region", ["eu", "us", "ap"][i % 3] as string),
      { key: "http.response.status_code", value: { intValue: i % 97 === 0 ? "500" : "200" } },
    ],
    status: { code: at === 2 && i % 97 === 0 ? 2 : 0 },
  }));
}

/** What is not there by then never comes, ms. */
const PATIENCE_MS = 120_000;

/** In the page: when the document was as `wanted` says, and painted; ms since navigation began. */
const painted = (wanted: string) => `new Promise((resolve, reject) => {
  const began = performance.now();
  const look = () => {
    let there;
    try { there = ${wanted}; } catch (error) { return reject(error); }
    if (there) paint();
    else if (performance.now() - began < ${PATIENCE_MS}) requestAnimationFrame(look);
    else reject(new Error("the page did not show what was waited for: " + ${JSON.stringify(wanted)}));
  };
  const paint = () => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.now());
    channel.port2.postMessage(0);
  };
  requestAnimationFrame(look);
})`;
const OPTIONS = "[...document.querySelectorAll('[role=listbox][aria-label=Proposals] [role=option]')]";

/** `ui` is the collector's address without a slash. */
export async function measureSearch(browser: Browser, ui: string): Promise<SearchFigures> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(`${ui}/search`, { waitUntil: "commit" });
    const resultsMs = await when(page, "document.querySelector('[aria-label=Traces] > li') !== null");
    const facetsMs = await when(page, "document.body.textContent.includes('of the matching traces')");
    const bar = page.getByRole("combobox", { name: "Query in TraceQL" });
    await bar.fill("{ .customer.id ");
    const valuesMs = await after(page, "= ", `${OPTIONS}.some((one) => /^"c-\\d+"[\\d,]+$/.test(one.textContent))`);
    const narrowedMs = await after(
      page,
      '"c-49',
      `${OPTIONS}.length > 1 && ${OPTIONS}.every((one) => /c-49|Counts/.test(one.textContent))`,
    );
    await page.keyboard.press("Escape");
    const began = Number(await page.evaluate("performance.now()"));
    await page.getByRole("combobox", { name: "Order", exact: true }).selectOption("longest");
    const longestMs =
      (await when(
        page,
        "document.querySelector('[aria-label=Traces] > li')?.textContent.includes('9.66 s') === true",
      )) - began;
    return { resultsMs, facetsMs, valuesMs, narrowedMs, longestMs };
  } finally {
    await context.close();
  }
}

async function when(page: Page, wanted: string): Promise<number> {
  return Number(await page.evaluate(painted(wanted)));
}

/** From the last key of a text to what it is to show. */
async function after(page: Page, text: string, wanted: string): Promise<number> {
  await page.keyboard.type(text.slice(0, -1));
  await page.evaluate(
    "void (window.__typed = new Promise((done) => addEventListener('input', () => done(performance.now()), { once: true, capture: true })))",
  );
  await page.keyboard.type(text.slice(-1));
  const typed = Number(await page.evaluate("window.__typed"));
  return (await when(page, wanted)) - typed;
}
