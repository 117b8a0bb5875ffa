import type { z } from "zod";
import { nearest } from "../../model/text/nearest.ts";
import { type ConfigIssue, describeIssues } from "./config-error.ts";
import { schemaKeys } from "./schema-keys.ts";

/** Built-in components of one kind by their types, as far as reading the config goes. */
export type ComponentSchemas = Readonly<Record<string, { readonly config: z.ZodType }>>;

/** `otlp/backup` is a second component of type `otlp`. */
export function componentType(name: string): string {
  return name.split("/", 1)[0] as string;
}

/** What is written of receivers, and those that run without being written. */
export function withDefaultReceivers(
  written: unknown,
  table: Readonly<Record<string, { readonly onByDefault: boolean }>>,
): unknown {
  if (written !== undefined && !isMapping(written)) return written;
  const defaults = Object.entries(table).filter(([, { onByDefault }]) => onByDefault);
  return { ...Object.fromEntries(defaults.map(([type]) => [type, {}])), ...written };
}

/**
 * Reads a section that maps names to components, each by the schema of its type. A key with nothing below it stands for
 * the defaults.
 */
export function parseComponents(
  section: string,
  table: ComponentSchemas,
  written: unknown,
): { readonly configs: Readonly<Record<string, unknown>>; readonly issues: readonly ConfigIssue[] } {
  const configs: Record<string, unknown> = {};
  const issues: ConfigIssue[] = [];
  // What is no mapping is said of the section as a whole.
  for (const [name, value] of isMapping(written) ? Object.entries(written) : []) {
    const schema = table[componentType(name)]?.config;
    if (schema === undefined) {
      issues.push({ path: [section, name], text: unknownType(section, name, Object.keys(table)) });
      continue;
    }
    const parsed = schema.safeParse(value ?? {});
    if (parsed.success) configs[name] = parsed.data;
    else issues.push(...describeIssues(parsed.error, { [section]: written }, keysBelow(schema), [section, name]));
  }
  return { configs, issues };
}

function unknownType(section: string, name: string, known: readonly string[]): string {
  const type = componentType(name);
  const near = nearest(type, known);
  const hint = near === undefined ? `known: ${known.join(", ")}` : `did you mean "${near}"?`;
  return `${section}.${name}: unknown type "${type}"; ${hint}`;
}

/** Keys at paths that begin with the section and the component's name. */
function keysBelow(schema: z.ZodType) {
  return (path: readonly PropertyKey[]) => schemaKeys(schema, path.slice(2));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
