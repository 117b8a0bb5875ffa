import type { Host } from "../../component/component.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Exporter } from "../../component/export.ts";
import type { Logger } from "../../component/logger.ts";
import { Metrics } from "../../component/metrics.ts";
import { EXPORTERS } from "../config/builtin.ts";
import { componentType } from "../config/components.ts";
import type { Config } from "../config/config.ts";
import { createResolver } from "../store-modules/exporter-resolver.ts";
import { createRegistryAddress } from "../store-modules/registry-address.ts";
import { readVersion } from "../version.ts";

/** An exporter of the config by its key, or of a type with what it has by default. */
export interface ExporterChoice {
  /** `otlp/backup`, `zipkin`. */
  readonly name: string;
  /** Instead of the one of the config, or of the type's own. */
  readonly endpoint: string | undefined;
}

export interface StartedExporter {
  /** `zipkin http://localhost:9411/api/v2/spans` */
  readonly title: string;
  readonly exporter: Exporter;
}

/**
 * Starts exporters that send what they are given and read no log. The caller shuts them down.
 * @throws PermanentError `bad_request` for a name that is neither in the config nor a type, and for a wrong endpoint;
 * then none runs
 */
export async function startExporters(
  choices: readonly ExporterChoice[],
  config: Config,
  logger: Logger,
): Promise<readonly StartedExporter[]> {
  const host: Host = { logger, metrics: new Metrics(), userAgent: `spanloom/${readVersion()}` };
  const resolver = createResolver(config.discovery, createRegistryAddress().memory, host);
  const created = choices.map((choice) => {
    const { type, value } = settingsOf(choice, config);
    const factory = EXPORTERS[type];
    if (factory === undefined) throw unknownName(choice.name, config);
    const settings = { name: choice.name, writeStdout: (text: string) => process.stdout.write(text), resolver };
    return { title: titleOf(choice.name, value), exporter: factory.create(settings, value) };
  });
  try {
    for (const { exporter } of created) await exporter.start(host);
  } catch (error) {
    await Promise.all(created.map(({ exporter }) => exporter.shutdown(AbortSignal.abort())));
    throw error;
  }
  return created;
}

function settingsOf({ name, endpoint }: ExporterChoice, config: Config): { type: string; value: unknown } {
  const type = componentType(name);
  const configured = config.exporters[name];
  const schema = EXPORTERS[type]?.config;
  if (schema === undefined || (configured === undefined && name !== type)) throw unknownName(name, config);
  const parsed = schema.safeParse({ ...(configured ?? {}), ...(endpoint === undefined ? {} : { endpoint }) });
  if (parsed.success) return { type, value: parsed.data };
  const reasons = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(": "));
  throw new PermanentError("bad_request", `--to ${name}: ${reasons.join("; ")}`);
}

function unknownName(name: string, config: Config): PermanentError {
  const known = [...new Set([...Object.keys(config.exporters), ...Object.keys(EXPORTERS)])].join(", ");
  return new PermanentError("bad_request", `--to ${name}: no exporter of that name; expected one of ${known}`);
}

function titleOf(name: string, value: unknown): string {
  const { endpoint, path } = value as { readonly endpoint?: string; readonly path?: string };
  return [name, endpoint ?? path ?? ""].join(" ").trim();
}
