import { formatDuration } from "../../model/duration-text.ts";
import type { RunChange } from "../compare/comparison.ts";
import type { RunOperation } from "../population/span-table.ts";

/** `frontend GET / › catalog GET /featured`: services stand where they change. */
export function stepsText(path: readonly RunOperation[]): string {
  return path
    .map(({ service, name }, at) => (path[at - 1]?.service === service ? name : `${service} ${name}`))
    .join(" › ");
}

/** What a change is, in a few words and figures: `its own time 1.2 ms → 1.33 ms, +10.2 % (+7.1 % to +13.4 %)`. */
export function whatChanged(change: RunChange): string {
  const { kind, before, after } = change;
  switch (kind) {
    case "self":
      return `its own time ${times(change)}`;
    case "duration":
      return `duration ${times(change)}`;
    case "calls":
      return `calls for each call of its parent ${number(before)} → ${number(after)}`;
    case "errors":
      return `traces in which it fails ${percent(before)} → ${percent(after)}`;
    case "appeared":
      return change.path.length === 1
        ? `new, in ${number(after)} traces`
        : `new, ${number(after)} calls for each call of its parent`;
    default:
      return change.path.length === 1
        ? `gone; it was in ${number(before)} traces`
        : `gone; it had ${number(before)} calls for each call of its parent`;
  }
}

/** How sure it is, and what it costs. */
export function evidenceText({ p, superiority, costNano, tracesBefore, tracesAfter }: RunChange): string {
  return [
    ...(superiority === undefined ? [] : [`slower in ${Math.round(superiority * 100)} of 100 pairs of traces`]),
    ...(p === undefined ? [] : [`p ${p < 1e-6 ? "below 0.000001" : Number(p.toPrecision(2))}`]),
    `${tracesBefore} and ${tracesAfter} traces`,
    ...(Math.abs(costNano) < 1
      ? []
      : [`${costNano < 0 ? "saves" : "costs"} ${formatDuration(Math.abs(costNano))} a trace`]),
  ].join(", ");
}

function times({ before, after, ratio }: RunChange): string {
  const medians = `${formatDuration(before)} → ${formatDuration(after)}`;
  if (ratio === undefined) return medians;
  return `${medians}, ${signedPercent(ratio.estimate)} (${signedPercent(ratio.low)} to ${signedPercent(ratio.high)})`;
}

/** `+10.2 %` for 1.102. */
export function signedPercent(ratio: number): string {
  const share = (ratio - 1) * 100;
  const digits = Math.abs(share) < 99.5 ? 1 : 0;
  return `${share < 0 ? "−" : "+"}${Math.abs(share).toFixed(digits)} %`;
}

/** `1.5 %` for 0.015. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
