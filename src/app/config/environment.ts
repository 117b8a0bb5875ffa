import { nearest } from "../../model/text/nearest.ts";
import { RECEIVERS } from "./builtin.ts";
import { configSchema } from "./config.ts";
import {
  type ConfigLayer,
  nearestWritten,
  parseValue,
  type RawConfig,
  setPath,
  type WrittenSetting,
} from "./config-sources.ts";
import { settingPaths } from "./schema-keys.ts";

const PREFIX = "SPANLOOM_";
/** What the command itself reads, what `run` gives to a command, and what the kit reads: these are no settings. */
const RESERVED = [
  "SPANLOOM_CONFIG",
  "SPANLOOM_DEBUG",
  "SPANLOOM_RUN",
  "SPANLOOM_TOKEN",
  "SPANLOOM_TRACE_FOLDER",
  "SPANLOOM_URL",
];

export interface EnvironmentLayer extends ConfigLayer {
  /** Variables that are no settings, each with its name and what may have been meant. */
  readonly problems: readonly string[];
  /** Variables that Kubernetes makes for a Service of this name. */
  readonly ignored: readonly string[];
}

/**
 * Settings from environment variables: `SPANLOOM_` and the path in upper case, two underscores between its parts:
 * `SPANLOOM_STORAGE__PATH=/data` is `storage.path`. Values are YAML scalars or flow collections. Empty ones say
 * nothing.
 */
export async function configFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<EnvironmentLayer> {
  const raw: RawConfig = {};
  const written: WrittenSetting[] = [];
  const problems: string[] = [];
  const ignored: string[] = [];
  const sections = Object.keys(configSchema.shape);
  const yaml = await import("yaml");
  for (const [name, value] of Object.entries(environment).sort()) {
    if (!name.startsWith(PREFIX) || RESERVED.includes(name) || value === undefined || value === "") continue;
    const path = name.slice(PREFIX.length).toLowerCase().split("__");
    if (sections.includes(path[0] as string)) {
      setPath(raw, path, parseValue(yaml, value), name);
      written.push({ path, name: `environment ${name}` });
    } else if (isServiceLink(name, value)) ignored.push(name);
    else problems.push(`environment ${name}: no such setting; ${hint(name)}`);
  }
  return { raw, where: (path) => nearestWritten(written, path) ?? "environment", problems, ignored };
}

/**
 * True for what Kubernetes sets in every pod for a Service `spanloom` or `spanloom-…` of its namespace
 * (kubernetes.io, "Accessing the Service: Environment variables"), which copies the links of Docker.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_HOST$/.test(name)) return true;
  if (/_SERVICE_PORT(_[A-Z0-9_]+)?$/.test(name)) return /^\d+$/.test(value);
  if (/_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(name)) return true;
  return /_PORT(_\d+_(TCP|UDP|SCTP))?$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value);
}

/** The variable that is meant most likely: one underscore too few is the usual mistake. */
function hint(name: string): string {
  const plain = (text: string) => text.replaceAll(/_+/g, "_");
  const wanted = name.slice(PREFIX.length);
  const known = allSettings().map((path) => path.join("__").toUpperCase());
  const near = known.find((one) => plain(one) === plain(wanted)) ?? nearest(wanted, known);
  return near === undefined
    ? "two underscores stand between the parts of a path: SPANLOOM_STORAGE__PATH"
    : `did you mean ${PREFIX}${near}?`;
}

/** The paths of all settings that have one name whoever writes them: those of exporters have not. */
export function allSettings(): readonly (readonly string[])[] {
  return [
    ...settingPaths(configSchema, []).filter(([section]) => section !== "receivers"),
    ...Object.entries(RECEIVERS).flatMap(([type, { config }]) => settingPaths(config, ["receivers", type])),
  ];
}
