import type { InstanceView, RegistryView } from "../../../src/model/registry-view.ts";
import type {
  UiDependenciesResponse,
  UiKind,
  UiRedResponse,
  UiRedSeries,
  UiServicesResponse,
} from "../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../format/count.ts";

/** What a service or one of its operations did; durations in ns, null where they are not known. */
export interface Figures {
  readonly name: string;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorRatio: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Stored spans, and those of them without a sampling threshold, which count as one call each. */
  readonly spans: number;
  readonly unscaledSpans: number;
  readonly series: UiRedSeries["series"] | undefined;
}

export interface ServiceRow extends Figures {
  /** Where the figures come from: the aggregates, calls between services where those know nothing, or nowhere. */
  readonly source: "aggregates" | "calls" | "none";
  readonly operations: UiServicesResponse["services"][number]["operations"];
  readonly callers: readonly string[];
  readonly callees: readonly string[];
  readonly instances: readonly InstanceView[];
}

export interface OperationRow extends Figures {
  readonly kind: UiKind;
  readonly source: "aggregates" | "none";
}

export const SORT_KEYS = ["name", "rate", "errors", "p50", "p95", "p99"] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** Every service that sent spans, was called or is registered, by name. `seconds` is the length of the asked range. */
export function serviceRows(
  services: UiServicesResponse["services"],
  red: UiRedResponse["services"],
  links: UiDependenciesResponse["links"],
  registry: RegistryView["services"],
  seconds: number,
): ServiceRow[] {
  const operations = new Map(services.map((service) => [service.name, service.operations]));
  const figures = new Map(red.map((series) => [series.service, series]));
  const instances = new Map(registry.map((service) => [service.name, service.instances]));
  const names = new Set([...operations.keys(), ...figures.keys(), ...instances.keys()]);
  return [...names].sort().map((name) => {
    const into = links.filter((link) => link.child === name && link.parent !== name);
    const calls = into.reduce((sum, link) => sum + link.callCount, 0);
    const errors = into.reduce((sum, link) => sum + link.errorCount, 0);
    const series = figures.get(name);
    return {
      ...(series === undefined
        ? { ...NO_FIGURES, ratePerSecond: calls / seconds, errorRatio: calls === 0 ? 0 : errors / calls }
        : figuresOf(series)),
      name,
      source: series !== undefined ? "aggregates" : calls > 0 ? "calls" : "none",
      operations: operations.get(name) ?? [],
      callers: into.map((link) => link.parent).sort(),
      callees: links
        .filter((link) => link.parent === name && link.child !== name)
        .map((link) => link.child)
        .sort(),
      instances: instances.get(name) ?? [],
    };
  });
}

/** Operations of a service: those that were called in the range, then those that are only known by name. */
export function operationRows(
  known: UiServicesResponse["services"][number]["operations"],
  red: UiRedResponse["operations"],
): OperationRow[] {
  const called = red.map((series) => ({
    ...figuresOf(series),
    name: series.operation ?? "",
    kind: series.kinds[0] ?? "unspecified",
    source: "aggregates" as const,
  }));
  const seen = new Set(called.map(({ name, kind }) => `${kind} ${name}`));
  const quiet = known
    .filter(({ name, kind }) => !seen.has(`${kind} ${name}`))
    .map(({ name, kind }) => ({ ...NO_FIGURES, name, kind, source: "none" as const }));
  return [...called, ...quiet];
}

/** How many of the spans behind the figures tell nothing of sampling, and what follows; undefined where all do. */
export function unscaledNote(rows: readonly Pick<Figures, "spans" | "unscaledSpans">[]): string | undefined {
  const spans = rows.reduce((sum, row) => sum + row.spans, 0);
  const unscaled = rows.reduce((sum, row) => sum + row.unscaledSpans, 0);
  if (unscaled === 0) return undefined;
  const which = unscaled === spans ? counted(spans, "span") : `${formatCount(unscaled)} of ${counted(spans, "span")}`;
  const each = unscaled === 1 ? "it counts as one call" : "each counts as one call";
  return `${which} without a sampling threshold: ${each}, so that rates are too low where the sender samples.`;
}

/** Rows without the figure come last either way; ties by name. */
export function sortFigures<Row extends Figures>(rows: readonly Row[], { key, descending }: Sort): Row[] {
  const byName = (a: Row, b: Row) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (key === "name") return rows.toSorted((a, b) => (descending ? byName(b, a) : byName(a, b)));
  const value = (row: Row) => (key === "rate" ? row.ratePerSecond : key === "errors" ? row.errorRatio : row[key]);
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return (descending ? y - x : x - y) || byName(a, b);
  });
}

const NO_FIGURES = {
  ratePerSecond: 0,
  errorRatio: 0,
  p50: null,
  p95: null,
  p99: null,
  spans: 0,
  unscaledSpans: 0,
  series: undefined,
};

function figuresOf(series: UiRedSeries): Omit<Figures, "name"> {
  const { ratePerSecond, errorRatio, spans, unscaledSpans } = series;
  const { p50Nano: p50, p95Nano: p95, p99Nano: p99 } = series;
  return { ratePerSecond, errorRatio, p50, p95, p99, spans, unscaledSpans, series: series.series };
}
