import { z } from "zod";
import { accessConfig } from "../../access/access-config.ts";
import { isDiscoverEndpoint } from "../../component/discovery.ts";
import { discoveryConfig } from "../../discovery/config.ts";
import { samplingConfig } from "../../processors/head-sampling/sampling-config.ts";
import { processorsConfig } from "../../processors/processors-config.ts";
import { proxyConfig } from "../../proxy/proxy-config.ts";
import { EXPORTERS, RECEIVERS, type ReceiverConfigs, type ReceiverInputs, type ReceiverTable } from "./builtin.ts";
import { parseComponents, withDefaultReceivers } from "./components.ts";
import { type ConfigIssue, type ConfigOrigin, configError, describeIssues } from "./config-error.ts";
import type { RawConfig } from "./config-sources.ts";
import { listenersOf, sharedAddresses, unknownListeners } from "./listener-addresses.ts";
import { schemaKeys } from "./schema-keys.ts";
import { readSecretFiles } from "./secrets.ts";
import { limitsConfig, storageConfig, telemetryConfig, uiConfig } from "./sections.ts";

const MIB = 1024 * 1024;

// Each schema is asked a few times in the life of a collector: making a function of it takes longer than its answers.
z.config({ jitless: true });

/** The whole config file. Unknown keys are errors everywhere; components are parsed by their types' own schemas. */
export const configSchema = z.strictObject({
  access: accessConfig.prefault({}),
  receivers: z.record(z.string(), z.unknown()).default({}),
  processors: processorsConfig.prefault({}),
  sampling: samplingConfig.prefault({}),
  storage: storageConfig.prefault({}),
  exporters: z.record(z.string(), z.unknown()).default({}),
  discovery: discoveryConfig.prefault({}),
  proxy: proxyConfig.prefault({}),
  ui: uiConfig.prefault({}),
  limits: limitsConfig.prefault({}),
  telemetry: telemetryConfig.prefault({}),
});

export type Config = Omit<z.output<typeof configSchema>, "receivers"> & { readonly receivers: ReceiverConfigs };
/** What a user writes: everything is optional. */
export type ConfigInput = Omit<z.input<typeof configSchema>, "receivers"> & { readonly receivers?: ReceiverInputs };

/**
 * Reads the files that hold secrets, and validates. The error lists every problem with its place and what was expected.
 * @throws PermanentError `config_invalid`
 */
export function parseConfig(written: RawConfig, origin: ConfigOrigin, table: ReceiverTable = RECEIVERS): Config {
  const { raw, issues: secretIssues } = readSecretFiles(written);
  const parsed = configSchema.safeParse(raw);
  const receivers = parseComponents("receivers", table, withDefaultReceivers(raw.receivers, table));
  const exporters = parseComponents("exporters", EXPORTERS, raw.exporters);
  const issues: ConfigIssue[] = [
    ...secretIssues,
    ...receivers.issues,
    ...(parsed.success ? [] : describeIssues(parsed.error, raw, keysAt)),
    ...exporters.issues,
  ];
  const config = {
    ...parsed.data,
    receivers: receivers.configs as ReceiverConfigs,
    exporters: exporters.configs,
  } as Config;
  if (parsed.success) {
    const listeners = listenersOf(config, table);
    issues.push(
      ...unreachableRegistry(config),
      ...sharedTokens(config),
      ...sharedAddresses(listeners),
      ...unknownListeners(config, listeners),
    );
  }
  if (issues.length > 0 || (origin.problems?.length ?? 0) > 0) throw configError(origin, issues);
  return config;
}

/** An issue for each token that an earlier name has too: which scopes it has would depend on their order. */
function sharedTokens({ access }: Config): ConfigIssue[] {
  const first = new Map<string, string>();
  return Object.entries(access.tokens).flatMap(([name, { token }]) => {
    const other = first.get(token);
    if (other === undefined) first.set(token, name);
    const text = `access.tokens.${name}.token: expected a token of its own, but access.tokens.${other} has it`;
    return other === undefined ? [] : [{ path: ["access", "tokens", name, "token"], text }];
  });
}

/** Exporters run in a thread of their own, which reaches the collector's registry over its listener. */
function unreachableRegistry({ discovery, exporters }: Config): ConfigIssue[] {
  if (discovery.backend !== "local" || discovery.server.enabled) return [];
  const discovers = ([, config]: [string, unknown]) => {
    const { endpoint } = config as { readonly endpoint?: unknown };
    return typeof endpoint === "string" && isDiscoverEndpoint(endpoint);
  };
  return Object.entries(exporters)
    .filter(discovers)
    .map(([name]) => ({
      path: ["exporters", name, "endpoint"],
      text: `exporters.${name}.endpoint: discover:// asks the collector's registry; expected discovery.server.enabled: true, or another discovery.backend`,
    }));
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return schemaKeys(configSchema, path);
}

/** Bytes of a setting in MiB. */
export function mebibytes(value: number): number {
  return value * MIB;
}
