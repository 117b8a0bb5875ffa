import { formatDuration } from "../../model/duration-text.ts";
import { type AnalysedTrace, operationAt } from "./analysed-trace.ts";
import type { Blame } from "./blame.ts";
import type { Repeat } from "./repeats.ts";
import type { Usual } from "./usual.ts";
import type { TraceVerdict } from "./verdict.ts";

/** `frontend POST /checkout 1.3 s` */
export function rootSentence(trace: AnalysedTrace, row: number): string {
  return `${nameOf(trace, row)} ${formatDuration(trace.duration[row])}`;
}

/** `Not slow: 130 ms, usually 126 ms, 95 of 100 below 252 ms` */
export function usualSentence(durationNano: number, { medianNano, p95Nano }: Usual): string {
  const usually = `usually ${formatDuration(medianNano)}, 95 of 100 below ${formatDuration(p95Nano)}`;
  return `Not slow: ${formatDuration(durationNano)}, ${usually}`;
}

/** `Slow: 1.3 s, usually 126 ms` */
export function slowSentence({ durationNano, usual }: NonNullable<TraceVerdict["slow"]>): string {
  return `Slow: ${formatDuration(durationNano)}, usually ${formatDuration(usual.medianNano)}`;
}

/**
 * `92 % in inventory SELECT stock · 1.19 s, usually 2 ms · lock.wait`, or `86 % in 40 × db SELECT item · 1.12 s
 * together, one usually 10 ms`. `events`: names of what happened in the span.
 */
export function blameSentence(trace: AnalysedTrace, blame: Blame, rootNano: number, events: readonly string[]): string {
  const { row, calls, own, nano, usual } = blame;
  const usually = usual === undefined ? "" : `usually ${formatDuration(usual.medianNano)}`;
  const share = percent(nano / rootNano);
  const time = formatDuration(nano);
  if (calls > 1) {
    const together = `${share} in ${calls} × ${nameOf(trace, row)} · ${time} together`;
    return usually === "" ? together : `${together}, one ${usually}`;
  }
  const where = `${share} in ${nameOf(trace, row)}${own ? " itself" : ""}`;
  return [where, own || usually === "" ? time : `${time}, ${usually}`, ...events].join(" · ");
}

/** `Failed: payment POST → card declined (first of 8)`; `text` may be empty. */
export function failedSentence(
  trace: AnalysedTrace,
  { row, count, recovered }: NonNullable<TraceVerdict["failed"]>,
  text: string,
): string {
  const why = text === "" ? "" : ` → ${text}`;
  const among = count > 1 ? ` (first of ${count})` : "";
  const where = `${nameOf(trace, row)}${why}${among}`;
  return recovered ? `Recovered: ${where}; the request itself did not fail` : `Failed: ${where}`;
}

/** `N+1: 40 × SELECT item = 400 ms, 80 %`, or `Retried: 5 × POST /reservations, 4 failed = 1.2 s, 60 %` */
export function repeatSentence(trace: AnalysedTrace, { row, calls, failed, nano, share }: Repeat): string {
  const { name } = operationAt(trace, row);
  const time = `${formatDuration(nano)}, ${percent(share)}`;
  if (2 * failed >= calls) return `Retried: ${calls} × ${name}, ${failed} failed = ${time}`;
  return `N+1: ${calls} × ${name} = ${time}`;
}

function nameOf(trace: AnalysedTrace, row: number): string {
  const { service, name } = operationAt(trace, row);
  return `${service} ${name}`;
}

/** 100 is all of it. */
function percent(share: number): string {
  return `${share >= 1 ? 100 : Math.min(99, Math.round(100 * share))} %`;
}
