import { z } from "zod";
import { EXPORTERS } from "./builtin.ts";
import { configSchema } from "./config.ts";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** The JSON Schema of the config file, for editors; exporters by their types and `type/name`. */
export function configJsonSchema(): object {
  const base = toSchema(configSchema) as { properties: Record<string, unknown> };
  const patterns = Object.entries(EXPORTERS).map(([type, factory]) => [`^${type}(/.+)?$`, toSchema(factory.config)]);
  return {
    ...base,
    title: "spanloom.yaml",
    properties: {
      ...base.properties,
      exporters: { type: "object", patternProperties: Object.fromEntries(patterns), additionalProperties: false },
    },
  };
}

/** The reference page: one table a section, made from the schemas. */
export function configReference(): string {
  const root = toSchema(configSchema);
  let page = `# Configuration

Made from the schemas by \`npm run docs\`; do not edit.

Settings come from the config file (\`--config\`, \`SPANLOOM_CONFIG\`, or \`spanloom.yaml\` in the working directory), then
\`SPANLOOM_*\` environment variables (two underscores between the parts: \`SPANLOOM_STORAGE__PATH=/data\`), then flags
(\`--set storage.path=/data\`). Later ones win. Unknown keys are errors.
`;
  for (const [name, section] of Object.entries(root.properties ?? {})) {
    if (name === "exporters") continue;
    page += `\n## ${name}\n\n${table(name, section)}`;
  }
  page += "\n## exporters\n\nA mapping from a type, or `type/name` for a second one of a type, to its settings.\n";
  for (const [type, factory] of Object.entries(EXPORTERS)) {
    page += `\n### ${type}\n\n${table(`exporters.${type}`, toSchema(factory.config))}`;
  }
  return page;
}

function toSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function table(prefix: string, schema: JsonSchema): string {
  const rows = leaves(prefix, schema);
  if (rows.length === 0) return `${schema.description ?? "No settings."}\n`;
  const body = rows.map(([path, leaf]) => {
    const fallback = leaf.default === undefined ? "" : `\`${JSON.stringify(leaf.default)}\``;
    return `| \`${path}\` | ${cell(typeText(leaf))} | ${cell(fallback)} | ${cell(leaf.description ?? "")} |`;
  });
  return `| setting | type | default | |\n|---|---|---|---|\n${body.join("\n")}\n`;
}

function leaves(path: string, schema: JsonSchema): [string, JsonSchema][] {
  const object = schema.properties === undefined ? objectBranch(schema) : schema;
  if (object?.properties !== undefined) {
    return Object.entries(object.properties).flatMap(([key, value]) => leaves(`${path}.${key}`, value));
  }
  const itemObject = schema.items === undefined ? undefined : (objectBranch(schema.items) ?? schema.items);
  if (itemObject?.properties !== undefined) {
    return [[path, schema], ...leaves(`${path}[]`, itemObject)];
  }
  return [[path, schema]];
}

/** The object alternative of a union such as `object | null`. */
function objectBranch(schema: JsonSchema): JsonSchema | undefined {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].find((branch) => branch.properties !== undefined);
}

function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return branches.map(typeText).join(" or ");
  if (schema.type === "array") return `list of ${schema.items === undefined ? "values" : typeText(schema.items)}`;
  const bounds = [
    schema.exclusiveMinimum === undefined ? "" : `> ${schema.exclusiveMinimum}`,
    schema.minimum === undefined || schema.minimum < -1e15 ? "" : `≥ ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum > 1e15 ? "" : `≤ ${schema.maximum}`,
  ].filter((text) => text !== "");
  const name = Array.isArray(schema.type) ? schema.type.join(" or ") : ((schema.type as string) ?? "any");
  return bounds.length === 0 ? name : `${name} ${bounds.join(", ")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
