import { z } from "zod";
import { EXPORTERS, RECEIVERS } from "./builtin.ts";
import type { ComponentSchemas } from "./components.ts";
import { configSchema } from "./config.ts";
import { FILE_SUFFIX, SECRETS } from "./secrets.ts";

/** What this page reads of JSON Schema (draft 2020-12), as zod writes it. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** One line of the reference: a setting that holds a value of its own, not only further settings. */
export interface Setting {
  /** `storage.retention.max_age_hours`; `[]` stands for each entry of a list. */
  readonly path: string;
  readonly type: string;
  /** As JSON; undefined where leaving the setting out means something else than a value. */
  readonly fallback: string | undefined;
  /** Whether the mapping that holds it is refused without it. */
  readonly required: boolean;
  readonly description: string | undefined;
}

/** The JSON Schema of the config file, for editors; receivers and exporters by their types and `type/name`. */
export function configJsonSchema(): object {
  const base = rootSchema() as { properties: Record<string, unknown> };
  return {
    ...base,
    title: "spanloom.yaml",
    properties: {
      ...base.properties,
      receivers: byType("receivers", RECEIVERS),
      exporters: byType("exporters", EXPORTERS),
    },
  };
}

function byType(section: string, table: ComponentSchemas): object {
  const types = Object.entries(table).map(([type, factory]) => {
    const { $schema: _, ...schema } = toSchema(factory.config) as Record<string, unknown>;
    return [type, schema];
  });
  // Editors offer properties and no patterns.
  const further = Object.keys(table).map((type) => [
    `^${type}/.+$`,
    { $ref: `#/properties/${section}/properties/${type}` },
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(types),
    patternProperties: Object.fromEntries(further),
    additionalProperties: false,
  };
}

/** Every setting of the config file in the order of the schemas; what every exporter has is there once. */
export function configSettings(): Setting[] {
  return sections().flatMap(({ settings }) => settings);
}

/** The reference page: one table a section, made from the schemas. */
export function configReference(): string {
  let page = `# Configuration

Made from the schemas by \`npm run docs\`; edit the descriptions there.

Settings come from the config file (\`--config\`, \`SPANLOOM_CONFIG\`, or \`spanloom.yaml\` in the working directory), then
\`SPANLOOM_*\` environment variables, then flags. Later ones win; mappings are merged, lists and values are replaced.

| written as | for example |
|---|---|
| config file | \`storage: { path: /data }\` |
| environment variable: upper case, two underscores between the parts | \`SPANLOOM_STORAGE__PATH=/data\` |
| flag | \`--set storage.path=/data\` |

Values of variables and of \`--set\` are YAML: \`--set 'sampling.rules=[{service: cart, ratio: 0.5}]'\`. An unknown key is
an error that names the nearest right one. \`spanloom config check\` finds mistakes without starting anything, and
\`spanloom config print\` shows the whole config with its defaults.

Errors name the file, line and column of a setting, the variable, or the flag that it comes from. Variables of the
environment that Kubernetes makes for a Service called \`spanloom\` (\`SPANLOOM_PORT=tcp://…\`,
\`SPANLOOM_SERVICE_HOST\`) are no settings and are left alone.

## Variables in the file

Values in the config file may name environment variables:

| written as | becomes |
|---|---|
| \`\${env:NAME}\` | the variable; an error where it is not set |
| \`\${env:NAME:-default}\` | the variable, or the default where it is not set or empty |
| \`$\${env:NAME}\` | the text \`\${env:NAME}\` itself |

A value that is one variable and nothing else, without quotes, may be a number, true or false, or a list; with text
around it or in quotes it is a text. Inside \`{…}\` and \`[…]\` it needs the quotes.

## Secrets

Beside a setting that holds a secret, the same name with \`_file\` at its end names the file that has it, as files of
Docker and Kubernetes secrets do: \`discovery.consul.token_file\`, \`discovery.etcd.password_file\`,
\`discovery.server.tokens_file\` with one token a line, and every header of an exporter:

\`\`\`yaml
exporters:
  otlp_http:
    endpoint: https://collector.example:4318
    headers:
      authorization_file: /run/secrets/collector-authorization
\`\`\`

The line break at the end of the file is no part of the secret. The file is read when the config is.
\`spanloom config print\` shows \`<hidden>\` in the place of secrets, and errors leave them out.

## Editors and reload

Editors complete and check \`spanloom.yaml\` with [spanloom.schema.json](spanloom.schema.json): put
\`# yaml-language-server: $schema=docs/spanloom.schema.json\` on its first line, with the path to your copy.
\`spanloom config schema\` prints the same file.

The config is read at the start and again on SIGHUP, which takes over \`processors\`, \`sampling\` and
\`telemetry.logs.level\`; everything else that changed is named in the log and needs a restart. A config that is wrong
changes nothing.
`;
  for (const { title, level, intro, settings } of sections()) {
    page += `\n${"#".repeat(level)} ${title}\n`;
    if (intro !== undefined) page += `\n${intro}\n`;
    if (settings.length > 0) page += `\n${table(settings)}`;
  }
  return page;
}

/**
 * Descriptions, by the end of the path, of settings whose schemas have none: those of listeners are shared by
 * receivers, and are explained by what they are part of.
 */
const SHARED_DESCRIPTIONS: readonly (readonly [suffix: string, description: string])[] = [
  [".tls.cert_file", "PEM certificate that this listener shows; TLS is on where `tls` is there."],
  [".tls.key_file", "PEM key of cert_file."],
  [".tls.client_ca_file", "PEM authority that must have signed the certificates of clients; left out, they need none."],
  [".tls.min_version", "Oldest TLS version that is spoken."],
  [
    ".cors.allowed_origins",
    "Origins whose pages may send spans; `*` for any run of characters. Left out: pages of this machine, where the listener is on loopback.",
  ],
  [
    ".cors.allowed_headers",
    "Request headers allowed beside Accept, Accept-Language, Content-Language, Content-Type and Content-Encoding; `*` is any.",
  ],
  [".cors.max_age", "How long a browser may remember a preflight, seconds."],
  [".logs.level", "Least severe log lines that are written."],
  [".logs.format", "`text` for people, `json` for one object a line."],
];

const ANY_EXPORTER = "exporters.*";

interface Section {
  readonly title: string;
  readonly level: number;
  readonly intro: string | undefined;
  readonly settings: readonly Setting[];
}

function sections(): Section[] {
  const made: Section[] = [];
  for (const [name, schema] of Object.entries(rootSchema().properties ?? {})) {
    if (name === "exporters") continue;
    if (name === "receivers") made.push(receiverSection());
    else made.push({ title: name, level: 2, intro: schema.description, settings: leaves(name, schema, false) });
  }
  return [...made, ...exporterSections()];
}

function receiverSection(): Section {
  const defaults = Object.entries(RECEIVERS).flatMap(([type, { onByDefault }]) => (onByDefault ? [`\`${type}\``] : []));
  return {
    title: "receivers",
    level: 2,
    intro:
      "A mapping from a type, or from `type/name` for a further one of a type, to its settings. Those that run without\n" +
      `being named: ${defaults.join(", ")}. One that is named runs unless it has \`enabled: false\`.`,
    settings: Object.entries(RECEIVERS).flatMap(([type, factory]) =>
      leaves(`receivers.${type}`, toSchema(factory.config), false),
    ),
  };
}

/** What every exporter has is listed once, as most have it; a second name of a type only refers to the first. */
function exporterSections(): Section[] {
  const types = Object.entries(EXPORTERS).map(([type, factory]) => {
    const schema = toSchema(factory.config);
    return { type, intro: schema.description, settings: leaves(ANY_EXPORTER, schema, false) };
  });
  const same = (a: Setting, b: Setting) => JSON.stringify(a) === JSON.stringify(b);
  const shared = (setting: Setting) =>
    types.every(({ settings }) => settings.some(({ path }) => path === setting.path)) &&
    types.filter(({ settings }) => settings.some((other) => same(other, setting))).length > types.length / 2;
  const sections: Section[] = [
    {
      title: "exporters",
      level: 2,
      intro:
        "A mapping from a type, or from `type/name` for a second one of a type, to its settings. An exporter's name is\n" +
        "also the name of its cursor in the log: a renamed exporter begins as a new destination. Every type has these;\n" +
        "one that has another default lists it again:",
      settings: types[0]?.settings.filter(shared) ?? [],
    },
  ];
  const seen = new Map<string, string>();
  for (const { type, intro, settings } of types) {
    const own = settings.filter((setting) => !shared(setting));
    const key = JSON.stringify(own);
    const twin = seen.get(key);
    if (twin !== undefined) {
      sections.push({ title: type, level: 3, intro: `As \`${twin}\`.`, settings: [] });
      continue;
    }
    seen.set(key, type);
    const named = own.map((setting) => ({ ...setting, path: setting.path.replace(ANY_EXPORTER, `exporters.${type}`) }));
    sections.push({ title: type, level: 3, intro, settings: named });
  }
  return sections;
}

/** With the settings that name the files of secrets, which are read before the schemas. */
function rootSchema(): JsonSchema {
  return SECRETS.reduce(withSecretFile, toSchema(configSchema));
}

function withSecretFile(schema: JsonSchema, [part, ...rest]: readonly string[]): JsonSchema {
  const { properties, additionalProperties: any } = schema;
  if (part === "*" && typeof any === "object" && rest.length > 0) {
    return { ...schema, additionalProperties: withSecretFile(any, rest) };
  }
  const inner = properties?.[part as string];
  if (properties === undefined || inner === undefined) return schema;
  if (rest.length > 0)
    return { ...schema, properties: { ...properties, [part as string]: withSecretFile(inner, rest) } };
  const content = inner.type === "array" ? "them, one a line" : "it";
  const file: JsonSchema = { type: "string", description: `In place of ${part}: the file that holds ${content}.` };
  const entries = Object.entries(properties).flatMap(([key, value]) =>
    key === part ? [[key, value] as const, [`${key}${FILE_SUFFIX}`, file] as const] : [[key, value] as const],
  );
  // One of the two is there; which, is said by whoever reads the files.
  const required = schema.required === undefined ? {} : { required: schema.required.filter((key) => key !== part) };
  return { ...schema, ...required, properties: Object.fromEntries(entries) };
}

function toSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function table(settings: readonly Setting[]): string {
  const rows = settings.map(({ path, type, fallback, required, description }) => {
    const value =
      fallback === undefined ? (required ? `required in \`${path.split(".").at(-2)}\`` : "") : `\`${fallback}\``;
    return `| \`${path}\` | ${cell(type)} | ${cell(value)} | ${cell(description ?? "")} |`;
  });
  return `| setting | type | default | |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function leaves(path: string, schema: JsonSchema, required: boolean): Setting[] {
  const object = schema.properties === undefined ? objectBranch(schema) : schema;
  if (object?.properties !== undefined) {
    const needed = new Set(object.required);
    return Object.entries(object.properties).flatMap(([key, value]) =>
      leaves(`${path}.${key}`, value, needed.has(key)),
    );
  }
  const named = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
  if (named?.properties !== undefined) {
    const whole: Setting = { path, type: "mapping", fallback: undefined, required, description: schema.description };
    return [whole, ...leaves(`${path}.*`, named, false)];
  }
  const fallback = schema.default === undefined ? undefined : JSON.stringify(schema.default);
  const shared = SHARED_DESCRIPTIONS.find(([suffix]) => path.endsWith(suffix))?.[1];
  const own: Setting = { path, type: typeText(schema), fallback, required, description: schema.description ?? shared };
  const item = schema.items === undefined ? undefined : (objectBranch(schema.items) ?? schema.items);
  return item?.properties === undefined ? [own] : [own, ...leaves(`${path}[]`, item, false)];
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
  if (schema.type === "array") return `list of ${schema.items === undefined ? "values" : plural(schema.items)}`;
  if (schema.type === "object") {
    const values = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
    return values === undefined ? "mapping" : `mapping to ${typeText(values)}`;
  }
  const bounds = [
    schema.exclusiveMinimum === undefined ? "" : `> ${schema.exclusiveMinimum}`,
    schema.minimum === undefined || schema.minimum < -1e15 ? "" : `≥ ${schema.minimum}`,
    schema.exclusiveMaximum === undefined ? "" : `< ${schema.exclusiveMaximum}`,
    schema.maximum === undefined || schema.maximum > 1e15 ? "" : `≤ ${schema.maximum}`,
  ].filter((text) => text !== "");
  const name = Array.isArray(schema.type) ? schema.type.join(" or ") : ((schema.type as string) ?? "any");
  return bounds.length === 0 ? name : `${name} ${bounds.join(", ")}`;
}

function plural(items: JsonSchema): string {
  if (items.type === "string" && items.enum === undefined) return "strings";
  return items.type === "object" ? "mappings" : typeText(items);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
