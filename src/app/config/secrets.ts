import { readFileSync } from "node:fs";
import { fileReason } from "../../component/reasons.ts";
import type { ConfigIssue } from "./config-error.ts";
import type { RawConfig } from "./config-sources.ts";

/** Settings that hold secrets. `*` is any key. */
export const SECRETS: readonly (readonly string[])[] = [
  ["access", "tokens", "*", "token"],
  ["access", "users", "*", "password"],
  ["exporters", "*", "headers", "*"],
  ["exporters", "*", "password"],
  ["proxy", "exporter", "headers", "*"],
  ["discovery", "server", "tokens"],
  ["discovery", "consul", "token"],
  ["discovery", "etcd", "password"],
];

/** Ends the name of a setting that names the file with a secret. */
export const FILE_SUFFIX = "_file";
/** Stands for a secret where the config is shown. */
const HIDDEN = "<hidden>";
/** Its file has one a line. */
const LISTS: readonly string[] = ["tokens"];

/**
 * True for a setting that holds a secret and for what lies below it, and for one that secrets lie below: what stands in
 * its place may be one that was written too high up.
 */
export function mayBeSecret(path: readonly PropertyKey[]): boolean {
  if (path.length === 0) return false;
  return SECRETS.some((secret) => secret.every((part, i) => i >= path.length || part === "*" || part === path[i]));
}

/**
 * Puts the contents of files in the place of the settings that name them: beside a secret `token`, `token_file` is the
 * file that holds it. The end of its last line is no part of it.
 */
export function readSecretFiles(written: RawConfig): { readonly raw: RawConfig; readonly issues: ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  let raw: unknown = written;
  for (const secret of SECRETS) raw = readBelow(raw, secret, [], issues);
  return { raw: raw as RawConfig, issues };
}

/** The config with its secrets made unreadable. */
export function hideSecrets<T>(config: T): T {
  return SECRETS.reduce<unknown>(hideBelow, config) as T;
}

function readBelow(node: unknown, secret: readonly string[], path: readonly string[], issues: ConfigIssue[]): unknown {
  const [part, ...rest] = secret as [string, ...string[]];
  if (!isMapping(node)) return node;
  if (rest.length > 0) {
    const entries = Object.entries(node).map(([key, value]) => {
      const below = part === "*" || part === key;
      return [key, below ? readBelow(value, rest, [...path, key], issues) : value] as const;
    });
    return Object.fromEntries(entries);
  }
  const read: RawConfig = {};
  for (const [key, value] of Object.entries(node)) {
    const name = key.slice(0, -FILE_SUFFIX.length);
    if (!key.endsWith(FILE_SUFFIX) || name === "" || (part !== "*" && part !== name)) read[key] = value;
    else read[name] = secretOf(value, name, { node, path: [...path, key], issues });
  }
  return read;
}

interface SecretPlace {
  /** What holds the setting. */
  readonly node: RawConfig;
  readonly path: readonly string[];
  readonly issues: ConfigIssue[];
}

/** The content of a file. After an issue, a text that brings no further one. */
function secretOf(file: unknown, name: string, { node, path, issues }: SecretPlace): unknown {
  const wrong = (reason: string) => issues.push({ path, text: `${path.join(".")}: ${reason}` });
  const made = (text: string) => (LISTS.includes(name) ? text.split(/\r?\n/).filter((line) => line !== "") : text);
  if (name in node) wrong(`expected ${name} or ${name}${FILE_SUFFIX}, not both`);
  else if (typeof file !== "string" || file === "") wrong("expected the name of a file");
  else {
    try {
      const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
      if (text.trim() !== "") return made(text);
      wrong(`${file} is empty`);
    } catch (error) {
      wrong(`cannot read ${file}: ${fileReason(error)}`);
    }
  }
  return made(HIDDEN);
}

function hideBelow(node: unknown, [part, ...rest]: readonly string[]): unknown {
  if (part === undefined) return Array.isArray(node) ? node.map(() => HIDDEN) : HIDDEN;
  if (!isMapping(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      const below = (part === "*" || part === key) && value !== undefined;
      return [key, below ? hideBelow(value, rest) : value];
    }),
  );
}

function isMapping(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
