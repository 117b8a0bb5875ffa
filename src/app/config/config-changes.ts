import type { Config } from "./config.ts";

/** What `Collector.reload` did. Paths are those of the config file. */
export interface ReloadOutcome {
  /** Settings that are new and hold from now on. */
  readonly applied: readonly string[];
  /** Settings that differ and hold after a restart. */
  readonly needsRestart: readonly string[];
}

/** Sections that can be exchanged while the collector runs, beside the `filter` of every exporter. */
const RELOADABLE = ["processors", "sampling", "telemetry.logs.level"] as const;

/** The paths in which two configs differ, as deep as both are mappings, in the order of the config file. */
export function changedPaths(before: unknown, after: unknown, path = ""): string[] {
  if (!isMapping(before) || !isMapping(after)) return sameSetting(before, after) ? [] : [path];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => changedPaths(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

/** Sorts the differences of two configs by what a running collector can do about them. */
export function planReload(running: Config, wanted: Config): ReloadOutcome {
  const paths = changedPaths(running, wanted);
  const filters = Object.keys(running.exporters)
    .filter((name) => Object.hasOwn(wanted.exporters, name))
    .map((name) => `exporters.${name}.filter`);
  const canReload = (path: string) =>
    filters.includes(path) || RELOADABLE.some((part) => path === part || path.startsWith(`${part}.`));
  return { applied: paths.filter(canReload), needsRestart: paths.filter((path) => !canReload(path)) };
}

/** The running config with what a reload may take over from the wanted one. */
export function reloadedConfig(running: Config, wanted: Config): Config {
  const logs = { ...running.telemetry.logs, level: wanted.telemetry.logs.level };
  return {
    ...running,
    processors: wanted.processors,
    sampling: wanted.sampling,
    telemetry: { ...running.telemetry, logs },
    exporters: Object.fromEntries(
      Object.entries(running.exporters).map(([name, exporter]) => [
        name,
        Object.hasOwn(wanted.exporters, name) ? withFilterOf(exporter, wanted.exporters[name]) : exporter,
      ]),
    ),
  };
}

function withFilterOf(running: unknown, wanted: unknown): unknown {
  const { filter: _, ...others } = running as { readonly filter?: string };
  const { filter } = wanted as { readonly filter?: string };
  return filter === undefined ? others : { ...others, filter };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lists are settings as a whole. */
function sameSetting(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
