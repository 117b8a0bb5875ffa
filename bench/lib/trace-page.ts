import type { Browser, Page } from "playwright-core";
import type { OtlpRequest, OtlpSpan } from "../../test/support/query/fixture-traces.ts";
import { quantile } from "./load.ts";

/** What one visit of the trace page took; milliseconds unless said otherwise. */
export interface PageFigures {
  /** Navigation to the first rows, the right ones, painted. */
  readonly rowsMs: number;
  /** Navigation to the columns received, and to the scripts received. */
  readonly receivedMs: number;
  readonly scriptsMs: number;
  /** Time between animation frames while the wheel turns. */
  readonly frameP50Ms: number;
  readonly frameP95Ms: number;
  readonly frameLongestMs: number;
  /** Rows passed while the wheel turned, and row nodes in the document at the end. */
  readonly rowsScrolled: number;
  readonly rowNodes: number;
  /** Input event to painted result. */
  readonly collapseMs: number;
  readonly expandMs: number;
  readonly findMs: number;
  /** The press on its tab to the flame graph painted, its code loaded. */
  readonly flameMs: number;
}

const ROW_HEIGHT = 26;
const SCROLL = { speed: 8_000, distance: 32_000 };

/** Service and name of the first rows: a span, then its children by start. */
export function firstRows(requests: readonly OtlpRequest[], count: number): string[] {
  const children = new Map<string, { readonly service: string; readonly span: OtlpSpan }[]>();
  for (const { resource, scopeSpans } of requests.flatMap(({ resourceSpans }) => resourceSpans)) {
    const service = resource?.attributes?.find(({ key }) => key === "service.name")?.value?.stringValue ?? "";
    for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
      const siblings = children.get(span.parentSpanId ?? "");
      if (siblings === undefined) children.set(span.parentSpanId ?? "", [{ service, span }]);
      else siblings.push({ service, span });
    }
  }
  const rows: string[] = [];
  const walk = (parent: string) => {
    const below = children.get(parent) ?? [];
    below.sort((a, b) => Number(BigInt(a.span.startTimeUnixNano) - BigInt(b.span.startTimeUnixNano)));
    for (const { service, span } of below) {
      if (rows.length >= count) return;
      rows.push(`${service} ${span.name}`);
      walk(span.spanId);
    }
  };
  walk("");
  return rows;
}

/**
 * In the page: notes when the rows were painted, and after an input when the document was as `__wanted` says and
 * painted. A message posted from an animation frame is handled after that frame's paint.
 */
const probe = (expected: readonly string[]) => `(() => {
  const expected = ${JSON.stringify(expected.join("\n"))};
  const painted = (report) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => report(performance.now());
    channel.port2.postMessage(0);
  });
  // The title of a row's name begins with service and operation, two spaces between.
  const rows = () => [...document.querySelectorAll('[data-row]:not([hidden])')]
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).slice(0, ${expected.length})
    .map((row) => row.firstElementChild.title.split('  ').slice(0, 2).join(' ').split('\\n')[0]).join('\\n');
  let pressed = 0;
  const press = (event) => { pressed = event.timeStamp; };
  addEventListener('keydown', press, true);
  addEventListener('beforeinput', press, true);
  addEventListener('pointerdown', press, true);
  let found = false;
  new MutationObserver(() => {
    if (!found && document.querySelectorAll('[data-row]').length >= ${expected.length} && rows() === expected) {
      found = true;
      painted((now) => { window.__rows = now; });
    }
    if (window.__wanted?.() === true) {
      window.__wanted = undefined;
      painted((now) => { window.__took = now - pressed; });
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})()`;

const RECORD_FRAMES = `(() => {
  window.__frames = [];
  let before;
  const frame = (now) => {
    if (before !== undefined) window.__frames.push(now - before);
    before = now;
    window.__recording = requestAnimationFrame(frame);
  };
  window.__recording = requestAnimationFrame(frame);
})()`;
const ROW_COUNT = "document.querySelector('[role=treegrid]').ariaRowCount";
const FOUND = "/^[\\d,]+$/.test(document.querySelector('search [role=status]').textContent.replace('…', ''))";
const FLAME = "(document.querySelector('[aria-label=\"Flame graph\"] canvas')?.width ?? 0) > 300";
/** What is not there by then never comes, ms. */
const PATIENCE_MS = 120_000;

export async function measurePage(
  browser: Browser,
  url: string,
  spans: number,
  expected: readonly string[],
): Promise<PageFigures> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(probe(expected));
    await page.goto(url);
    const rowsMs = await reported(page, "__rows");
    const received = (part: string) =>
      page.evaluate<number>(
        `Math.max(...performance.getEntriesByType('resource').filter((e) => e.name.includes('${part}')).map((e) => e.responseEnd))`,
      );
    const load = { rowsMs, receivedMs: await received("/columns"), scriptsMs: await received(".js") };
    await page.waitForLoadState("networkidle");

    const frames = await scroll(page);
    await page.keyboard.press("Home");
    const collapseMs = await afterInput(page, `${ROW_COUNT} === '2'`, () => page.keyboard.press("]"));
    const expandMs = await afterInput(page, `${ROW_COUNT} === '${spans + 1}'`, () => page.keyboard.press("["));
    await page.keyboard.press("/");
    const findMs = await afterInput(page, FOUND, () => page.keyboard.insertText("operation 17"));
    await page.keyboard.press("Escape");
    const flame = page.getByText("Flame", { exact: true });
    const flameMs = await afterInput(page, FLAME, () => flame.click());
    return { ...load, ...frames, collapseMs, expandMs, findMs, flameMs };
  } finally {
    await context.close();
  }
}

/** Turns the wheel over the timeline. */
async function scroll(page: Page) {
  const grid = (await page.getByRole("treegrid").boundingBox())!;
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate(RECORD_FRAMES);
  await devtools.send("Input.synthesizeScrollGesture", {
    x: Math.round(grid.x + grid.width / 2),
    y: Math.round(grid.y + grid.height / 2),
    yDistance: -SCROLL.distance,
    speed: SCROLL.speed,
    gestureSourceType: "mouse",
  });
  const frames = await page.evaluate<number[]>("cancelAnimationFrame(__recording), __frames");
  const scrolled = await page.evaluate<number>("document.querySelector('[role=treegrid]').scrollTop");
  const sorted = frames.sort((a, b) => a - b);
  return {
    frameP50Ms: quantile(sorted, 0.5),
    frameP95Ms: quantile(sorted, 0.95),
    frameLongestMs: sorted.at(-1)!,
    rowsScrolled: Math.round(scrolled / ROW_HEIGHT),
    rowNodes: await page.locator("[data-row]").count(),
  };
}

async function afterInput(page: Page, wanted: string, act: () => Promise<void>): Promise<number> {
  await page.evaluate(`window.__took = undefined; window.__wanted = () => ${wanted};`);
  await act();
  return reported(page, "__took");
}

/** What the probe left under a name; asks seldom, not to be in the way of what is measured. */
function reported(page: Page, name: string): Promise<number> {
  return page.evaluate<number>(
    `new Promise((resolve, reject) => {
      const began = performance.now();
      const look = () => {
        if (window.${name} !== undefined) resolve(window.${name});
        else if (performance.now() - began < ${PATIENCE_MS}) setTimeout(look, 50);
        else reject(new Error("the page did not show what was waited for: " + (window.__wanted ?? "the first rows")));
      };
      look();
    })`,
  );
}
