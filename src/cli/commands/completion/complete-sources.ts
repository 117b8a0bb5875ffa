import type { Argument, Command, Option } from "commander";
import { formatDuration } from "../../../model/duration-text.ts";
import type { UiSearchResponse, UiServicesResponse } from "../../../query/ui/api-types.ts";
import { ApiClient } from "../../client/api-client.ts";
import { DEFAULT_URL, type TrustFlags } from "../../options/connection-flags.ts";
import type { Typed } from "./complete.ts";

/** A word that fits, and what it is. */
export interface Candidate {
  readonly value: string;
  readonly text: string;
}

/** Where values come from: a list, the shell's files, the config's schema, or the running collector. */
export type Source =
  | readonly string[]
  | "files"
  | "folders"
  | "settings"
  | "services"
  | "operations"
  | "traces"
  | "runs"
  | "nothing";

const OPTIONS: Readonly<Record<string, Source>> = {
  "--config": "files",
  "--ca-file": "files",
  "--services": "files",
  "--data": "folders",
  "--runs": "folders",
  "--out": "files",
  "--budget": "files",
  "--junit": "files",
  "--markdown": "files",
  "--set": "settings",
  "--storage": ["sqlite", "memory"],
  "--log-level": ["debug", "info", "warn", "error"],
  "--at": ["original", "now"],
  "--speed": ["max", "1x", "10x"],
  "--propagation": ["w3c", "b3", "b3_single", "jaeger", "baggage"],
  "--service": "services",
  "--operation": "operations",
  "--lookback": ["15m", "1h", "6h", "1d", "7d"],
};

const ARGUMENTS: Readonly<Record<string, Source>> = {
  "trace id": "traces",
  "operations service": "services",
  "delete trace-id": "traces",
  "replay file": "files",
  "import file": "files",
  "export file": "files",
  "check file": "files",
  "diff before": "runs",
  "diff after": "runs",
  "backup folder": "folders",
};

/** Whoever presses the key waits for no collector longer than this, ms. */
const PATIENCE_MS = 500;
const RECENT_TRACES = 30;
const MOST_CANDIDATES = 2_000;

export function sourceOfOption({ long, argChoices }: Option): Source {
  return argChoices ?? OPTIONS[long ?? ""] ?? "nothing";
}

export function sourceOfArgument(command: Command, argument: Argument): Source {
  return argument.argChoices ?? ARGUMENTS[`${command.name()} ${argument.name()}`] ?? "nothing";
}

/** The values of a source; none where a collector would have to be asked and does not answer. */
export async function candidatesOf(source: Source, typed: Typed): Promise<readonly Candidate[]> {
  if (typeof source !== "string") return source.map((value) => ({ value, text: "" }));
  try {
    const found = await read(source, typed);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a line that would be taken for several
    return found.filter(({ value }) => !/[\u0000-\u001f\u007f]/.test(value)).slice(0, MOST_CANDIDATES);
  } catch {
    return [];
  }
}

async function read(source: Source, typed: Typed): Promise<readonly Candidate[]> {
  switch (source) {
    case "settings": {
      const { allSettings } = await import("../../../app/config/environment.ts");
      return allSettings().map((path) => ({ value: `${path.join(".")}=`, text: "" }));
    }
    case "services": {
      const { services } = await ask<UiServicesResponse>(typed, "api/ui/services");
      return services.map(({ name }) => ({ value: name, text: "" }));
    }
    case "operations": {
      const wanted = typed.options.get("service")?.at(-1);
      const { services } = await ask<UiServicesResponse>(typed, "api/ui/services");
      const operations = services.flatMap((one) => (wanted === undefined || one.name === wanted ? one.operations : []));
      return [...new Set(operations.map(({ name }) => name))].map((value) => ({ value, text: "" }));
    }
    case "runs": {
      const { labelsIn, RUNS_FOLDER } = await import("../runs/run-places.ts");
      return labelsIn(typed.options.get("runs")?.at(-1) ?? RUNS_FOLDER).map((value) => ({ value, text: "" }));
    }
    case "traces": {
      const { traces } = await ask<UiSearchResponse>(typed, `api/ui/search?limit=${RECENT_TRACES}`);
      return traces.map(({ traceId, rootService, rootName, durationNano, durationUnknown }) => ({
        value: traceId,
        text: `${rootService} ${rootName}, ${formatDuration(durationUnknown === true ? undefined : Number(durationNano))}`,
      }));
    }
    default:
      return [];
  }
}

/** The collector that the command line would talk to. */
function ask<T>({ options }: Typed, path: string): Promise<T> {
  const header = (options.get("header") ?? []).map((text) => {
    const at = text.indexOf(":");
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()] as const;
  });
  const last = (name: keyof TrustFlags, otherwise?: string) => {
    const value = options.get(name)?.at(-1) ?? otherwise;
    return value === undefined || value === "" ? {} : { [name]: value };
  };
  const flags = {
    url: options.get("url")?.at(-1) ?? (process.env.SPANLOOM_URL || DEFAULT_URL),
    header,
    ...last("token", process.env.SPANLOOM_TOKEN),
    ...last("caFile"),
    ...last("certFile"),
    ...last("keyFile"),
  };
  // What is written while somebody types ends up in their line.
  const client = new ApiClient(flags, () => {});
  return client.json<T>(path, AbortSignal.timeout(PATIENCE_MS));
}
