import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { PathFigures, RunPopulation } from "../population/population.ts";
import type { RunFileHead } from "./run-file.ts";
import { RUN_FORMAT, RUN_VERSION } from "./run-file.ts";

/** Digits of a figure: an error of 0.05 % at most, where 5 % are told apart. */
const DIGITS = 4;
const MICROSECOND = 1_000;

/** A run as lines of JSON: a head, then one line a path. Equal runs give equal bytes. */
export function runFileText(label: string, population: RunPopulation): string {
  const { traces, spans, orphans, leftOut, paths } = population;
  const services = [...new Set(paths.map(({ service }) => service))];
  const head: RunFileHead = {
    format: RUN_FORMAT,
    version: RUN_VERSION,
    label,
    startUnixNano: String(population.startUnixNano),
    traces,
    spans,
    orphans,
    leftOut,
    services,
    paths: paths.length,
  };
  const lines = [head, ...paths.map((path, id) => pathLine(path, id, services))];
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

function pathLine(path: PathFigures, id: number, services: readonly string[]): object {
  const isLeaf = path.selfNano === path.durationNano;
  return {
    path: id,
    ...(path.parent < 0 ? {} : { parent: path.parent }),
    service: services.indexOf(path.service),
    name: path.name,
    kind: SPAN_KIND_NAMES[path.kind],
    traces: path.traces,
    spans: path.spans,
    ...(path.failedTraces === 0 ? {} : { failedTraces: path.failedTraces }),
    calls: [...path.calls],
    selfTotal: microseconds(path.totalSelfNano),
    duration: Array.from(path.durationNano, microseconds),
    ...(isLeaf ? {} : { self: Array.from(path.selfNano, microseconds) }),
  };
}

function microseconds(nano: number): number {
  return Number((nano / MICROSECOND).toPrecision(DIGITS));
}
