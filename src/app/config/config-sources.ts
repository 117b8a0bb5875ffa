import { configError } from "./config-error.ts";

/** A tree of settings as somebody wrote it, before validation. */
export type RawConfig = { [key: string]: unknown };

/** The settings of one source. */
export interface ConfigLayer {
  readonly raw: RawConfig;
  /** Where a setting that `raw` has was written: `spanloom.yaml:3:5`, `environment SPANLOOM_STORAGE__PATH`. */
  readonly where: (path: readonly PropertyKey[]) => string;
}

/** Settings from `path.to.key=value` texts, as `--set` gives them. */
export async function configFromAssignments(assignments: readonly string[]): Promise<ConfigLayer> {
  const raw: RawConfig = {};
  const written: WrittenSetting[] = [];
  const yaml = await import("yaml");
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at <= 0) {
      const text = `expected path.to.key=value, found ${JSON.stringify(assignment)}`;
      throw configError({ name: "--set" }, [{ path: [], text }]);
    }
    const name = assignment.slice(0, at);
    const path = name.split(".");
    setPath(raw, path, parseValue(yaml, assignment.slice(at + 1)), `--set ${name}`);
    written.push({ path, name: `--set ${name}` });
  }
  return { raw, where: (path) => nearestWritten(written, path) ?? "--set" };
}

export interface WrittenSetting {
  readonly path: readonly string[];
  readonly name: string;
}

/** The name of what set a path, or something below or above it. Later ones win. */
export function nearestWritten(written: readonly WrittenSetting[], path: readonly PropertyKey[]): string | undefined {
  const meets = (one: WrittenSetting) => one.path.every((part, i) => i >= path.length || part === String(path[i]));
  return written.findLast(meets)?.name;
}

/** Where settings of merged layers were written, the last that has it first. Undefined for what none has. */
export function whereIn(layers: readonly ConfigLayer[]): (path: readonly PropertyKey[]) => string | undefined {
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const part = path.slice(0, length);
      const layer = layers.findLast(({ raw }) => has(raw, part));
      if (layer !== undefined) return layer.where(part);
    }
    return undefined;
  };
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
    const text = "the path has an empty part; expected for example storage.path";
    throw configError({ name: origin }, [{ path: [], text }]);
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

/** A value as YAML has it; a text where it is no YAML. */
export function parseValue({ parseDocument }: Pick<typeof import("yaml"), "parseDocument">, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length > 0 ? text : (document.toJS() as unknown);
}

function has(raw: unknown, path: readonly PropertyKey[]): boolean {
  let node: unknown = raw;
  for (const part of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) return false;
    node = (node as Record<PropertyKey, unknown>)[part];
  }
  return true;
}

function isMapping(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
