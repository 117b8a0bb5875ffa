import { readFileSync } from "node:fs";
import type { Document, LineCounter, Scalar } from "yaml";
import { PermanentError } from "../../component/errors.ts";
import { fileReason } from "../../component/reasons.ts";
import { messageOf } from "../../model/message-of.ts";
import { type ConfigLayer, parseValue, type RawConfig } from "./config-sources.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Yaml = typeof import("yaml");

/** `${env:NAME}`, `${env:NAME:-default}`; `$${env:` stands for the text itself. */
const VARIABLE = /(\$?)\$\{env:([^}]*)\}/g;

/**
 * Reads a YAML (or JSON) file, with environment variables put in their places in its values.
 * @throws PermanentError `config_invalid` that names the file, line and column
 */
export async function readConfigFile(path: string, environment: Environment): Promise<ConfigLayer> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new PermanentError("config_invalid", `${path}: cannot read the config file: ${fileReason(cause)}`, { cause });
  }
  return parseConfigText(await import("yaml"), text, path, environment);
}

/** As `readConfigFile`, of what stands in the file. */
export function parseConfigText(yaml: Yaml, text: string, path: string, environment: Environment): ConfigLayer {
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [first] = document.errors;
  if (first !== undefined) {
    throw new PermanentError("config_invalid", `${place(path, lines, first.pos[0])}: not valid YAML: ${first.message}`);
  }
  const problems = expandVariables(yaml, document, environment).map(
    ({ offset, reason }) => `${place(path, lines, offset)}: ${reason}`,
  );
  if (problems.length > 0) throw new PermanentError("config_invalid", problems.join("\n  "));
  const value = plainValue(document, path);
  if (typeof value !== "object" || Array.isArray(value)) {
    const found = Array.isArray(value) ? "a list" : `a ${typeof value}`;
    throw new PermanentError("config_invalid", `${path}: expected a mapping of settings, found ${found}`);
  }
  return {
    raw: value as RawConfig,
    where: (setting) => place(path, lines, offsetOf(yaml, document, setting)),
  };
}

/** Throws where aliases stand for more than could be written. */
function plainValue(document: Document, path: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    throw new PermanentError("config_invalid", `${path}: not valid YAML: ${messageOf(cause)}`, { cause });
  }
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

/** Where the key of a setting, or of what is nearest above it, stands. */
function offsetOf({ isMap, isSeq, isScalar, isNode }: Yaml, document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      offset = (pair.key as Scalar).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** Changes values in which variables are named; gives those that are not set. */
function expandVariables(
  yaml: Yaml,
  document: Document,
  environment: Environment,
): readonly { readonly offset: number; readonly reason: string }[] {
  const problems: { offset: number; reason: string }[] = [];
  yaml.visit(document, {
    Scalar(key, node) {
      const { value } = node;
      if (key === "key" || typeof value !== "string" || !value.includes("${env:")) return;
      const expanded = value.replace(VARIABLE, (whole, escaped: string, inside: string) => {
        if (escaped !== "") return whole.slice(1);
        const [, name = "", fallback] = /^([A-Za-z_]\w*)(?::-([\s\S]*))?$/.exec(inside) ?? [];
        // An empty variable counts as set only where there is no default, as in a shell.
        const found = environment[name] === "" ? (fallback ?? "") : (environment[name] ?? fallback);
        if (found !== undefined && name !== "") return found;
        const reason =
          name === ""
            ? `${whole}: expected \${env:NAME} or \${env:NAME:-default}`
            : `the environment variable ${name} is not set; \${env:${name}:-default} would give it a default`;
        problems.push({ offset: node.range?.[0] ?? 0, reason });
        return whole;
      });
      // A value that is one variable and nothing else, without quotes, may be of any type.
      const alone = /^\$\{env:[^}]*\}$/.test(value) && node.type === "PLAIN";
      node.value = alone ? parseValue(yaml, expanded) : expanded;
    },
  });
  return problems;
}
