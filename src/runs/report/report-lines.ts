import { count } from "../../query/text/readable.ts";
import type { RunComparison } from "../compare/comparison.ts";
import { percent, signedPercent } from "./change-words.ts";
import type { DiffReport } from "./report-input.ts";

/** The first line: `main → pr-42: worse`. */
export function titleOf({ names, verdict }: DiffReport): string {
  return `${names[0]} → ${names[1]}: ${verdict}`;
}

/** What was compared, and what it can say. */
export function scopeLines({ comparison }: DiffReport): string[] {
  const { before, after, commonPaths, unjudgedPaths, leastDetectable, undecided, shift, noise } = comparison;
  return [
    `${before.traces} and ${count(after.traces, "trace")}, ${before.spans} and ${count(after.spans, "span")}, ${count(commonPaths, "operation")} in both`,
    ...(undecided === undefined ? [] : [`undecided: ${undecided}`]),
    ...(shift === undefined ? [] : [shiftLine(shift)]),
    ...(unjudgedPaths === 0 ? [] : [`${count(unjudgedPaths, "operation")} in too few traces to be judged by time`]),
    ...(leastDetectable === undefined
      ? []
      : [
          `four of five such comparisons would find a slow-down of ${percent(leastDetectable.median)} of a usual operation, of ${percent(leastDetectable.worst)} of the one that varies most`,
        ]),
    ...noiseLines(noise, commonPaths - unjudgedPaths),
  ];
}

/** Less scatter between two runs is as good as none. */
const NOISE_SAID = 0.02;

function noiseLines(noise: number | undefined, judged: number): string[] {
  if (noise === undefined) {
    return judged === 0
      ? []
      : [
          `with ${count(judged, "operation")} a slower machine cannot be told from slower code; with five and more it is`,
        ];
  }
  if (noise < NOISE_SAID) return [];
  return [`operations differ by ${percent(noise)} everywhere: the machine was not as quiet as it might be`];
}

function shiftLine({ ratio, paths, worse }: NonNullable<RunComparison["shift"]>): string {
  const direction = ratio > 1 ? "slower" : "faster";
  const verdict = worse ? "; that is more than --max-shift allows" : "; it is taken out below";
  return `the whole run is ${direction}: ${signedPercent(ratio)} in the middle of ${count(paths, "operation")}${verdict}`;
}

/** Changes by what they mean, in the order in which reports have them. */
export function sections({ comparison }: DiffReport) {
  const { changes } = comparison;
  const isTime = (kind: string) => kind === "self" || kind === "duration";
  const rest = changes.filter(({ worse }) => !worse);
  return {
    worse: changes.filter(({ worse, cause }) => worse && cause),
    follows: changes.filter(({ worse, cause }) => worse && !cause),
    better: rest.filter(({ kind }) => isTime(kind) || kind === "errors" || kind === "calls"),
    other: rest.filter(({ kind }) => kind === "appeared" || kind === "vanished"),
  };
}
