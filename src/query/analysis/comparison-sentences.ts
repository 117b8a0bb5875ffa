import { formatDuration } from "../../model/duration-text.ts";
import type { Difference, TraceComparison } from "./compare-traces.ts";
import type { ComparedPlace, PlaceFigures } from "./merged-places.ts";

/** A difference that made so much of the time added, or saved, is told. */
const MAIN_SHARE = 0.3;

/** `B took 2.05 s, 1.92 s longer than A (130 ms)`, and what else is to say before any difference. */
export function comparisonSentences(comparison: TraceComparison): string[] {
  const { a, b, sameOperation } = comparison;
  const sentences: string[] = [];
  for (const [name, root] of [["A", a] as const, ["B", b] as const]) {
    if (root.missing !== undefined) sentences.push(`${name}: ${root.missing}, so its times say little`);
  }
  if (!sameOperation && a.operation !== undefined && b.operation !== undefined) {
    sentences.push(
      `Different requests: A is ${a.operation.service} ${a.operation.name}, B is ${b.operation.service} ` +
        `${b.operation.name}; what they share is compared`,
    );
  }
  if (a.row === undefined || b.row === undefined) return sentences;
  sentences.push(timeSentence(a.nano, b.nano));
  if (a.failed !== b.failed) sentences.push(failedSentence(comparison));
  const main = mainSentence(comparison);
  return main === undefined ? sentences : [...sentences, main];
}

/** `1.9 s against 2 ms (+1.9 s) · 40 calls instead of 3 · 1 of 2 calls failed, none in A`; of what b has. */
export function differenceSentence(comparison: TraceComparison, difference: Difference): string {
  const place = comparison.places[difference.place] as ComparedPlace;
  const { a, b } = place;
  const parts: string[] = [];
  if (difference.only !== undefined) {
    const figures = (difference.only === "a" ? a : b) as PlaceFigures;
    const calls = figures.calls === 1 ? "" : `${figures.calls} calls, `;
    parts.push(`only in ${difference.only.toUpperCase()}: ${calls}${formatDuration(figures.nano)}`);
  } else if (difference.selfNano !== 0) {
    const itself = isAlone(comparison, difference.place) ? "" : " itself";
    const times = `${formatDuration(b?.selfNano)} against ${formatDuration(a?.selfNano)}`;
    parts.push(`${times}${itself} (${signed(difference.selfNano)})`);
  }
  if (difference.perParent !== undefined) parts.push(callsText(comparison, difference, place));
  if (difference.failed !== 0) parts.push(failureText(place, difference));
  return parts.join(" · ");
}

/** `+1.9 s`, `−20 ms`; ns. */
export function signed(nano: number): string {
  return `${nano < 0 ? "−" : "+"}${formatDuration(Math.abs(nano))}`;
}

/** `inventory SELECT stock` */
export function placeName({ operation: { service, name } }: ComparedPlace): string {
  return `${service} ${name}`;
}

function timeSentence(a: number, b: number): string {
  const change = b - a;
  const [inB, inA] = [formatDuration(b), formatDuration(a)];
  if (inA === inB) return `Both took ${inA}`;
  return `B took ${inB}, ${formatDuration(Math.abs(change))} ${change < 0 ? "less" : "longer"} than A (${inA})`;
}

/** `B failed, A did not: pay charge failed`; the lowest call that failed in that trace alone, as errors travel up. */
function failedSentence({ b, differences, places }: TraceComparison): string {
  const said = b.failed ? "B failed, A did not" : "A failed, B did not";
  const depth = (one: Difference) => (places[one.place] as ComparedPlace).depth;
  const cause = differences.reduce<Difference | undefined>((found, one) => {
    const isOf = b.failed ? one.failed > 0 : one.failed < 0;
    return isOf && (found === undefined || depth(one) > depth(found)) ? one : found;
  }, undefined);
  return cause === undefined ? said : `${said}: ${placeName(places[cause.place] as ComparedPlace)} failed`;
}

/**
 * Which difference made most of what the slower trace took longer for. Shares are of all time that it added, so that
 * they never sum up to more than 100 %, whatever became faster beside it.
 */
function mainSentence(comparison: TraceComparison): string | undefined {
  const { a, b, differences, places } = comparison;
  if (formatDuration(a.nano) === formatDuration(b.nano)) return undefined;
  const direction = Math.sign(b.nano - a.nano);
  const added = (change: number) => Math.max(0, direction * change);
  const whole = places.reduce((sum, of) => sum + added((of.b?.pathNano ?? 0) - (of.a?.pathNano ?? 0)), 0);
  const most = differences.reduce<Difference | undefined>(
    (found, one) => (added(one.pathNano) > added(found?.pathNano ?? 0) ? one : found),
    undefined,
  );
  if (most === undefined || added(most.pathNano) < MAIN_SHARE * whole) return undefined;
  const share = Math.round((100 * added(most.pathNano)) / whole);
  const name = placeName(places[most.place] as ComparedPlace);
  return `${share} % of the time ${direction > 0 ? "added" : "saved"} is in ${name}, ${signed(most.pathNano)}`;
}

/** Nothing is called below it in either trace. */
function isAlone({ places }: TraceComparison, at: number): boolean {
  return places[at + 1]?.parent !== at;
}

function callsText({ places }: TraceComparison, { perParent }: Difference, { a, b, parent }: ComparedPlace): string {
  const above = places[parent];
  const single = (above?.a?.calls ?? 1) === 1 && (above?.b?.calls ?? 1) === 1;
  if (single || above === undefined) return `${b?.calls} calls instead of ${a?.calls}`;
  return `${rate(perParent?.b)} calls instead of ${rate(perParent?.a)} for each ${above.operation.name}`;
}

function rate(calls = 0): string {
  return String(Number(calls.toPrecision(3)));
}

function failureText({ a, b }: ComparedPlace, { failed }: Difference): string {
  const [side, name, other, otherName] = failed > 0 ? [b, "B", a, "A"] : [a, "A", b, "B"];
  const many = side !== undefined && side.calls > 1 ? `${side.failed} of ${side.calls} calls failed` : "failed";
  const others = other === undefined || other.failed === 0 ? `not in ${otherName}` : `${other.failed} in ${otherName}`;
  return `${many} in ${name}, ${others}`;
}
