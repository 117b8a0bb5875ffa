import { readFileSync } from "node:fs";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";
import { PrologError } from "../declarations/prolog-error.ts";
import { type FactDeclaration, readServices } from "../declarations/read-services.ts";
import { checkDeclaredBackend, type OptionIssue } from "../discovery/declared-backend.ts";
import { backendOf } from "../sdk/declarations/backend-options.ts";
import type { ServiceDeclaration } from "../sdk/declarations/options.ts";
import type { ConfigInput } from "./config/config.ts";

type InstanceInput = NonNullable<NonNullable<ConfigInput["discovery"]>["instances"]>[number];

/**
 * The services that a file of Prolog facts declares, checked as far as that goes without starting them.
 * @throws PermanentError `config_invalid`: the file cannot be read, or `file:line:column: …`
 */
export function readServiceFile(path: string): readonly FactDeclaration[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new PermanentError("config_invalid", `${path}: cannot read the service facts: ${fileReason(cause)}`, {
      cause,
    });
  }
  try {
    return readServices(text, path, checkBackendOptions);
  } catch (cause) {
    if (!(cause instanceof PrologError)) throw cause;
    throw new PermanentError("config_invalid", cause.message, { cause });
  }
}

/** As when a service with these options starts. */
function checkBackendOptions({ options }: ServiceDeclaration): readonly OptionIssue[] {
  const declared = backendOf(options.discovery_backend);
  return declared.type === "local" || declared.type === "consul" ? [] : checkDeclaredBackend(declared);
}

/**
 * Declared services as instances of the collector's registry, whose health is what their checks say. Services without
 * `discovery_enabled(true)` are left out.
 * @throws PermanentError `config_invalid` for a service whose port is only known when it runs
 */
export function declaredInstances(services: readonly FactDeclaration[]): InstanceInput[] {
  return services
    .filter(({ options }) => options.discovery_enabled)
    .map(({ name, options, filename, at }) => {
      const { port, host = "127.0.0.1" } = options.transport.http;
      if (port === 0) {
        const message = `service "${name}": expected transport(http(Port)) with the port it listens on, to check its health`;
        throw new PermanentError("config_invalid", `${filename}:${at.line}:${at.column}: ${message}`);
      }
      const { health_check: check } = options;
      return {
        name,
        host,
        port,
        tags: [...options.discovery_tags],
        health_check:
          "http" in check
            ? { type: "http", path: check.http.path, interval_ms: check.http.interval_ms }
            : { type: "tcp", port: check.tcp.port, interval_ms: check.tcp.interval_ms },
      };
    });
}
