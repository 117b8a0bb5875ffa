import { readFileSync } from "node:fs";
import { PermanentError } from "../../component/errors.ts";
import { fileReason } from "../../component/reasons.ts";
import { configError } from "./config-error.ts";

/** A tree of settings as somebody wrote it, before validation. */
export type RawConfig = { [key: string]: unknown };

/** `SPANLOOM_CONFIG` names the file itself and is no setting. */
const FILE_VARIABLE = "SPANLOOM_CONFIG";
const PREFIX = "SPANLOOM_";

/** Reads a YAML (or JSON) file. Errors name the file, line and column. */
export async function readConfigFile(path: string): Promise<RawConfig> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new PermanentError("config_invalid", `${path}: cannot read the config file: ${fileReason(cause)}`, { cause });
  }
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [first] = document.errors;
  if (first !== undefined) {
    const at = lines.linePos(first.pos[0]);
    throw new PermanentError("config_invalid", `${path}:${at.line}:${at.col}: not valid YAML: ${first.message}`);
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw configError({ name: path }, [`expected a mapping of settings, found ${describe(value)}`]);
  }
  return value as RawConfig;
}

/**
 * Settings from environment variables: `SPANLOOM_` and the path in upper case, two underscores between its parts:
 * `SPANLOOM_STORAGE__PATH=/data` is `storage.path`. Values are YAML scalars or flow collections.
 */
export async function configFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RawConfig> {
  const config: RawConfig = {};
  for (const [name, value] of Object.entries(environment).sort()) {
    if (!name.startsWith(PREFIX) || name === FILE_VARIABLE || value === undefined || value === "") continue;
    const path = name.slice(PREFIX.length).toLowerCase().split("__");
    setPath(config, path, await parseScalar(value), name);
  }
  return config;
}

/** Settings from `path.to.key=value` texts, as `--set` gives them. */
export async function configFromAssignments(assignments: readonly string[]): Promise<RawConfig> {
  const config: RawConfig = {};
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at <= 0) {
      throw configError({ name: "--set" }, [`expected path.to.key=value, found ${JSON.stringify(assignment)}`]);
    }
    const value = await parseScalar(assignment.slice(at + 1));
    setPath(config, assignment.slice(0, at).split("."), value, `--set ${assignment}`);
  }
  return config;
}

/** Later layers win; mappings are merged, everything else is replaced. */
export function mergeConfig(...layers: readonly RawConfig[]): RawConfig {
  const merged: RawConfig = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      const before = merged[key];
      merged[key] = isMapping(before) && isMapping(value) ? mergeConfig(before, value) : value;
    }
  }
  return merged;
}

/** Puts a value into a tree of settings; `origin` is named where the path has an empty part. */
export function setPath(config: RawConfig, path: readonly string[], value: unknown, origin: string): void {
  if (path.some((part) => part === "" || part === "__proto__")) {
    throw configError({ name: origin }, ["the path has an empty part; expected for example storage.path"]);
  }
  let node = config;
  for (const part of path.slice(0, -1)) {
    const next = node[part];
    if (isMapping(next)) node = next;
    else {
      const made: RawConfig = {};
      node[part] = made;
      node = made;
    }
  }
  node[path.at(-1) as string] = value;
}

async function parseScalar(text: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length > 0 ? text : (document.toJS() as unknown);
}

function isMapping(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
