import { compareText } from "../../model/compare-text.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { DependencyLink, DependencyQuery } from "../../model/trace-query.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { hasTable, hourOf, readCalls } from "./dependency-table.ts";

/** Sums over hours of one kind of query, kept for the next. */
interface Settled {
  readonly durations: boolean;
  /** Revisions of the hours that are in the sums. */
  readonly hours: Map<number, number>;
  readonly sums: Sums;
}

const MAX_SETTLED = 4;
/** Links of all settled sums together. One with durations takes about 1 to 3 kB. */
const MAX_LINKS = 10_000;
const MAX_SEEN_HOURS = 100_000;
/** An hour that has changed is likely to change again, as a sender with a wrong clock makes it: for how long, ms. */
const RESTLESS_MS = 10 * 60_000;

/**
 * Reads calls between services. One for each thread: it keeps what it has summed up of hours that do not change any
 * more, and reads again only the newest hour of a range and those whose revision is another one, as late spans make it.
 */
export class DependencyReader {
  /** Latest used last. */
  readonly #settled: Settled[] = [];
  readonly #seen = new Map<number, { readonly revision: number; readonly changedAtMs: number }>();
  readonly #now: () => number;

  /** `now` is a monotonic clock, ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Sorted by parent, then child. Empty where no aggregate was ever stored. */
  read(db: SqlDatabase, query: DependencyQuery): DependencyLink[] {
    // Made last of all.
    if (!hasTable(db, "dependency_hour")) return [];
    const hours = db
      .prepare<{ hour: number; revision: number }>(
        "SELECT hour AS hour, revision AS revision FROM dependency_hour WHERE hour BETWEEN ? AND ? ORDER BY hour",
      )
      .all(hourOf(query.startMs), hourOf(query.endMs));
    const calm = new Map<number, number>();
    const restless: number[] = [];
    const newest = hours.at(-1)?.hour;
    for (const { hour, revision } of hours) {
      if (this.#changesOften(hour, revision) || hour === newest) restless.push(hour);
      else calm.set(hour, revision);
    }
    const sums = this.#settle(db, calm, query.durations).sums.copy();
    addHours(sums, db, restless, query.durations);
    return sums.links();
  }

  #settle(db: SqlDatabase, calm: ReadonlyMap<number, number>, durations: boolean): Settled {
    const fits = ({ hours }: Settled) => [...hours].every(([hour, revision]) => calm.get(hour) === revision);
    let settled = this.#settled
      .filter((one) => one.durations === durations && fits(one))
      .sort((a, b) => b.hours.size - a.hours.size)[0];
    if (settled === undefined) settled = { durations, hours: new Map(), sums: new Sums() };
    else this.#settled.splice(this.#settled.indexOf(settled), 1);
    const missing = [...calm.keys()].filter((hour) => !settled.hours.has(hour));
    addHours(settled.sums, db, missing, durations);
    for (const hour of missing) settled.hours.set(hour, calm.get(hour) as number);
    if (settled.hours.size > 0) this.#settled.push(settled);
    const links = () => this.#settled.reduce((sum, { sums }) => sum + sums.size, 0);
    while (this.#settled.length > MAX_SETTLED || links() > MAX_LINKS) this.#settled.shift();
    return settled;
  }

  #changesOften(hour: number, revision: number): boolean {
    const now = this.#now();
    let seen = this.#seen.get(hour);
    if (seen?.revision !== revision) {
      if (this.#seen.size >= MAX_SEEN_HOURS) this.#seen.clear();
      seen = { revision, changedAtMs: seen === undefined ? Number.NEGATIVE_INFINITY : now };
      this.#seen.set(hour, seen);
    }
    return now - seen.changedAtMs < RESTLESS_MS;
  }
}

interface Sum {
  readonly parent: string;
  readonly child: string;
  calls: number;
  errors: number;
  durations: ExponentialHistogram | undefined;
}

class Sums {
  readonly #byParent = new Map<string, Map<string, Sum>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(parent: string, child: string): Sum {
    let children = this.#byParent.get(parent);
    if (children === undefined) {
      children = new Map();
      this.#byParent.set(parent, children);
    }
    let sum = children.get(child);
    if (sum === undefined) {
      sum = { parent, child, calls: 0, errors: 0, durations: undefined };
      children.set(child, sum);
      this.#size++;
    }
    return sum;
  }

  copy(): Sums {
    const copy = new Sums();
    for (const { parent, child, calls, errors, durations } of this.#all()) {
      const sum = copy.add(parent, child);
      sum.calls = calls;
      sum.errors = errors;
      if (durations !== undefined) addDurations(sum, durations);
    }
    return copy;
  }

  links(): DependencyLink[] {
    return [...this.#all()]
      .sort((a, b) => compareText(a.parent, b.parent) || compareText(a.child, b.child))
      .map(linkOf);
  }

  *#all(): Generator<Sum> {
    for (const children of this.#byParent.values()) yield* children.values();
  }
}

function linkOf({ parent, child, calls, errors, durations }: Sum): DependencyLink {
  const link = { parent, child, callCount: Math.round(calls), errorCount: Math.round(errors) };
  if (durations === undefined || durations.count === 0) return link;
  return {
    ...link,
    p50Nano: Math.round(durations.quantile(0.5)),
    p99Nano: Math.round(durations.quantile(0.99)),
  };
}

function addHours(sums: Sums, db: SqlDatabase, hours: readonly number[], durations: boolean): void {
  if (hours.length === 0) return;
  for (const read of readCalls(db, hours, durations)) {
    const sum = sums.add(read.parent, read.child);
    sum.calls += read.calls;
    sum.errors += read.errors;
    if (read.durations !== undefined) addDurations(sum, read.durations);
  }
}

function addDurations(sum: Sum, durations: ExponentialHistogram): void {
  sum.durations ??= new ExponentialHistogram();
  sum.durations.merge(durations);
}
