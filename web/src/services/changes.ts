import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiRedResponse, UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { formatRate, rateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";

export type ChangedFigure = "rate" | "errors" | "p95";

/** A figure that is notably another one than in the period before, as texts. */
export interface Change {
  readonly figure: ChangedFigure;
  readonly up: boolean;
  /** Worse or better; undefined of a rate, which may be either. */
  readonly worse: boolean | undefined;
  readonly now: string;
  readonly before: string;
  /** How much another it is, for an order: the logarithm of the factor. */
  readonly weight: number;
}

/** Less often than this chance differs so much by itself, in standard deviations. */
const SURE = 4;
/** Spans that a quantile needs to say something, and those with which less of a difference does. */
const FEW = 100;
const MANY = 1_000;
const LEAST_NANO = 1_000_000;
/** The share of a period that the store must have seen for rates to compare. */
const LEAST_SEEN = 0.25;

/** What a service, or an operation, did within so many seconds. */
export interface Measured {
  readonly series: Pick<UiRedSeries, "calls" | "errors" | "spans" | "p95Nano">;
  readonly seconds: number;
}

/**
 * How many seconds at the end of a period the store has seen, by the first call that any service counted in it;
 * undefined where that is too little to compare with.
 */
export function seenSeconds({
  services,
  points,
  startMs,
  stepMs,
  coveredEndMs: endMs,
}: UiRedResponse): number | undefined {
  let first = points;
  for (const { series } of services) {
    const at = series.calls.findIndex((calls) => calls > 0);
    if (at >= 0) first = Math.min(first, at);
  }
  const seen = (endMs - startMs - first * stepMs) / (endMs - startMs);
  return first === points || seen < LEAST_SEEN ? undefined : Math.max(1, (endMs - startMs - first * stepMs) / 1000);
}

/** The figures that have changed; none where chance explains it, or too little was counted. */
export function changesOf(now: Measured, before: Measured): readonly Change[] {
  const list = [rateChange(now, before), errorChange(now.series, before.series), p95Change(now.series, before.series)];
  return list.filter((change) => change !== undefined);
}

function rateChange(now: Measured, before: Measured): Change | undefined {
  const [a, b] = [now.series.calls / now.seconds, before.series.calls / before.seconds];
  if (a === 0 && b === 0) return undefined;
  // A sampled span counts for many: by chance such counts differ more.
  const [scaleA, scaleB] = [scaleOf(now.series), scaleOf(before.series)];
  const deviation = Math.sqrt(
    (now.series.calls * scaleA) / now.seconds ** 2 + (before.series.calls * scaleB) / before.seconds ** 2,
  );
  const factor = a / b;
  if (Math.abs(a - b) < SURE * deviation || (factor < 1.25 && factor > 0.8)) return undefined;
  const unit = rateUnit(Math.max(a, b));
  return change("rate", { now: a, before: b, text: (rate) => formatRate(rate, unit), worse: undefined });
}

function errorChange(now: Measured["series"], before: Measured["series"]): Change | undefined {
  if (now.calls === 0 || before.calls === 0) return undefined;
  const [a, b] = [now.errors / now.calls, before.errors / before.calls];
  const together = (now.errors + before.errors) / (now.calls + before.calls);
  const deviation = Math.sqrt(together * (1 - together) * (1 / Math.max(1, now.spans) + 1 / Math.max(1, before.spans)));
  if (Math.abs(a - b) < SURE * deviation || a === b) return undefined;
  if (Math.abs(a - b) < 0.01 && a < 2 * b && b < 2 * a) return undefined;
  return change("errors", { now: a, before: b, text: formatShare, worse: a > b });
}

function p95Change(now: Measured["series"], before: Measured["series"]): Change | undefined {
  const [a, b] = [now.p95Nano, before.p95Nano];
  const spans = Math.min(now.spans, before.spans);
  if (a === null || b === null || a <= 0 || b <= 0 || spans < FEW || Math.abs(a - b) < LEAST_NANO) return undefined;
  const least = spans < MANY ? 1.5 : 1.25;
  if (Math.max(a / b, b / a) < least) return undefined;
  return change("p95", { now: a, before: b, text: formatDuration, worse: a > b });
}

function change(
  figure: ChangedFigure,
  {
    now,
    before,
    text,
    worse,
  }: {
    readonly now: number;
    readonly before: number;
    readonly text: (value: number) => string;
    readonly worse: boolean | undefined;
  },
): Change {
  const floor = Math.max(now, before) / 1000;
  const weight = Math.abs(Math.log(Math.max(now, floor) / Math.max(before, floor)));
  return { figure, up: now > before, worse, now: text(now), before: text(before), weight };
}

/** How many calls a span stands for, on average; 1 where nothing is sampled. */
function scaleOf({ calls, spans }: Measured["series"]): number {
  return spans === 0 ? 1 : Math.max(1, calls / spans);
}

/** Services whose rates go the same way, of all, before that is said once instead of of each. */
const MOST = 0.6;

/**
 * What to tell of services: of each its worst change, or its greatest; the worst first. `everywhere`: most are called
 * more, or less, often, which is then told of none.
 */
export function newsOf(services: readonly { readonly name: string; readonly changes: readonly Change[] }[]): {
  readonly news: readonly { readonly name: string; readonly change: Change }[];
  readonly everywhere: "up" | "down" | undefined;
} {
  const going = (up: boolean) =>
    services.filter(({ changes }) => changes.some((change) => change.figure === "rate" && change.up === up)).length;
  const most = Math.max(3, services.length * MOST);
  const everywhere = going(true) >= most ? "up" : going(false) >= most ? "down" : undefined;
  const rank = ({ worse, weight }: Change) => weight + (worse === true ? 100 : 0);
  const news = services.flatMap(({ name, changes }) => {
    const told = changes.filter((change) => change.figure !== "rate" || everywhere !== (change.up ? "up" : "down"));
    const [change] = told.toSorted((a, b) => rank(b) - rank(a));
    return change === undefined ? [] : [{ name, change }];
  });
  return { news: news.sort((a, b) => rank(b.change) - rank(a.change)), everywhere };
}

const FIGURE_NAMES: Readonly<Record<ChangedFigure, string>> = { rate: "rate", errors: "failed", p95: "p95" };

/** `p95 1.19 s, was 126 ms`. */
export function changeWords({ figure, now, before }: Change): string {
  return `${FIGURE_NAMES[figure]} ${now}, was ${before}`;
}

/** What the period before the last hour, day, … is called. */
export function beforeWords(lookback: string): string {
  const named: Readonly<Record<string, string>> = {
    "1h": "the hour before",
    "24h": "the day before",
    "7d": "the week before",
  };
  const match = /^(\d+)(m|h|d)$/.exec(lookback);
  const unit = { m: "minutes", h: "hours", d: "days" }[match?.[2] as "m" | "h" | "d"];
  return named[lookback] ?? (match === null ? "the period before" : `the ${match[1]} ${unit} before`);
}
