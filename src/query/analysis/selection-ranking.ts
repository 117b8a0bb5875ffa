import { type AnyValue, anyValueText } from "../../model/any-value.ts";
import type { SelectionCounts, WeighedAttribute } from "../../model/attribute-query.ts";

/** An attribute in which some traces differ from the others. */
export interface RankedAttribute {
  readonly scope: WeighedAttribute["scope"];
  readonly key: string;
  /** Absent: the key is there, whatever its value. */
  readonly value?: AnyValue;
  /** Only on spans of this service, where it says more so. */
  readonly service?: string;
  /** Traces that have it, of those counted. */
  readonly selected: number;
  readonly rest: number;
  /** 0 to 1. */
  readonly selectedShare: number;
  readonly restShare: number;
  /** So much could come about by chance, as many attributes are looked at. */
  readonly byChance: boolean;
  /** It says how a call ended, so it follows from what is looked for: a status code, an error's type. */
  readonly outcome: boolean;
  /** Others that the very same traces have. */
  readonly alike: readonly Pick<WeighedAttribute, "scope" | "key" | "value">[];
}

/** Of one key. */
const MAX_VALUES = 3;
/** Values that the same traces have, beside the one that is ranked. */
const MAX_ALIKE = 10;
/** What fewer selected traces have, or lack, is no pattern. */
const LEAST_TRACES = 2;
/** Of the counted traces: counts that may be off by more are not shown. */
const MOST_MISSED = 0.01;
/** Chance of at least one such difference among all that are looked at. */
const CHANCE = 0.05;

const OUTCOMES: ReadonlySet<string> = new Set([
  "error",
  "error.type",
  "error.message",
  "exception.type",
  "exception.message",
  "http.response.status_code",
  "http.status_code",
  "http.status_text",
  "rpc.grpc.status_code",
  "rpc.response.status_code",
  "db.response.status_code",
  "otel.status_code",
  "otel.status_description",
  "messaging.operation.status",
]);

/**
 * The attributes in which the selected traces differ most from the rest, the most telling first: by how much knowing
 * of the attribute tells on which side a trace is (the likelihood ratio, which is the number of traces times their
 * mutual information), less what the best of as many values of a key would tell by chance. So what all have says
 * nothing, and neither do ids. What the selected have more often comes before what they have less often where both say
 * as much, and of a key of which a value is ranked, values that are only rarer are left out.
 */
export function rankSelection(
  { selected, rest, values, distinct }: Pick<SelectionCounts, "selected" | "rest" | "values" | "distinct">,
  limit: number,
): RankedAttribute[] {
  const [ofSelected, ofRest] = [selected.counted, rest.counted];
  if (ofSelected === 0 || ofRest === 0) return [];
  const most = MOST_MISSED * (ofSelected + ofRest);
  const tested = values.filter((one) => one.missed <= most && hasPattern(one, ofSelected));
  const scored = mergedAlike(tested)
    .map((one) => {
      const excess = one.of.selected / ofSelected - one.of.rest / ofRest;
      const ratio = likelihoodRatio(one.of.selected, ofSelected, one.of.rest, ofRest);
      // One of n values reaches about twice the logarithm of n where nothing is the matter.
      const choices = one.of.value === undefined ? 1 : Math.max(1, one.of.distinct);
      return { ...one, excess, score: ratio - 2 * Math.log(choices) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || b.excess - a.excess || compareKeys(a.of, b.of));
  const ranked: RankedAttribute[] = [];
  const perKey = new Map<string, number>();
  const told = new Set<string>();
  for (const { of, alike, excess } of scored) {
    if (ranked.length === limit) break;
    const key = `${of.scope} ${of.key}`;
    const before = perKey.get(key) ?? 0;
    if (before === MAX_VALUES || (before > 0 && excess < 0)) continue;
    // Of a value that several services have the place is told that says most.
    const text = of.value === undefined ? key : `${key}=${of.value.type} ${anyValueText(of.value)}`;
    if (told.has(text)) continue;
    told.add(text);
    perKey.set(key, before + 1);
    ranked.push({
      scope: of.scope,
      key: of.key,
      ...(of.value === undefined ? {} : { value: of.value }),
      ...(of.service === undefined ? {} : { service: of.service }),
      selected: of.selected,
      rest: of.rest,
      selectedShare: of.selected / ofSelected,
      restShare: of.rest / ofRest,
      byChance: chanceOf(of.selected, ofSelected, of.rest, ofRest) * distinct > CHANCE,
      outcome: isOutcome(of),
      alike,
    });
  }
  return ranked;
}

/** Where what failed is selected, how it failed is no news; it comes behind what else there is. */
export function outcomesLast(ranked: readonly RankedAttribute[]): RankedAttribute[] {
  return [...ranked.filter(({ outcome }) => !outcome), ...ranked.filter(({ outcome }) => outcome)];
}

/**
 * Twice the logarithm of how much likelier the counts are where both sides have their own share than where both have
 * the same: about chi-squared with one degree of freedom, and 0 for equal shares (the G-test).
 */
export function likelihoodRatio(selected: number, ofSelected: number, rest: number, ofRest: number): number {
  const all = ofSelected + ofRest;
  const having = selected + rest;
  const term = (count: number, side: number, total: number) =>
    count === 0 ? 0 : count * Math.log((count * all) / (side * total));
  return (
    2 *
    (term(selected, ofSelected, having) +
      term(rest, ofRest, having) +
      term(ofSelected - selected, ofSelected, all - having) +
      term(ofRest - rest, ofRest, all - having))
  );
}

/**
 * How likely a share at least so far from the other side's comes about where a value is spread by chance: the tail of
 * the hypergeometric distribution, of both sides.
 */
export function chanceOf(selected: number, ofSelected: number, rest: number, ofRest: number): number {
  const having = selected + rest;
  const all = ofSelected + ofRest;
  const upwards = selected * ofRest >= rest * ofSelected;
  let term = Math.exp(
    lnChoose(having, selected) + lnChoose(all - having, ofSelected - selected) - lnChoose(all, ofSelected),
  );
  let sum = 0;
  for (let x = selected; term > sum * 1e-9 && term > 0; ) {
    sum += term;
    if (upwards) {
      term *= ((having - x) * (ofSelected - x)) / ((x + 1) * (all - having - ofSelected + x + 1));
      x++;
    } else {
      term *= (x * (all - having - ofSelected + x)) / ((having - x + 1) * (ofSelected - x + 1));
      x--;
    }
  }
  return Math.min(1, 2 * sum);
}

function lnChoose(n: number, k: number): number {
  return lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

/** Stirling's series, to ten digits from 10 on. */
function lnFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

function hasPattern({ selected, rest }: WeighedAttribute, ofSelected: number): boolean {
  return selected >= LEAST_TRACES || (rest >= LEAST_TRACES && ofSelected - selected >= LEAST_TRACES);
}

/** Those that the same traces have, as one: the one that says most in the fewest words. */
function mergedAlike(values: readonly WeighedAttribute[]) {
  const groups = new Map<string, WeighedAttribute[]>();
  for (const one of values) {
    const key = `${one.selected} ${one.rest} ${one.traces}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].map((group) => {
    const [of, ...others] = group.sort(compareMeaning) as [WeighedAttribute, ...WeighedAttribute[]];
    // A value and its key are one thing where the key has no other value.
    const alike = others.filter(
      (one) => one.service === undefined && (one.value !== undefined || one.scope !== of.scope || one.key !== of.key),
    );
    return {
      of,
      alike: alike.slice(0, MAX_ALIKE).map(({ scope, key, value }) => ({
        scope,
        key,
        ...(value === undefined ? {} : { value }),
      })),
    };
  });
}

/** A value before a key of any value, attributes before names of spans, what is no outcome before what is one. */
function compareMeaning(a: WeighedAttribute, b: WeighedAttribute): number {
  const rank = (one: WeighedAttribute) =>
    (isOutcome(one) ? 16 : 0) +
    (one.service === undefined ? 0 : 8) +
    (one.value === undefined ? 4 : 0) +
    (one.scope === "intrinsic" ? 2 : 0);
  return rank(a) - rank(b) || compareKeys(a, b);
}

function isOutcome({ scope, key }: WeighedAttribute): boolean {
  return scope === "span" && OUTCOMES.has(key);
}

function compareKeys(a: WeighedAttribute, b: WeighedAttribute): number {
  return a.key.length - b.key.length || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
