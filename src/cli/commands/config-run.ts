import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../app/config/config.ts";
import { configError } from "../../app/config/config-error.ts";
import { configWarnings } from "../../app/config/config-warnings.ts";
import { findUnopenable } from "../../app/config/openable.ts";
import { hideSecrets } from "../../app/config/secrets.ts";
import { readDataFolder } from "../../app/data-folder.ts";
import { PermanentError } from "../../component/errors.ts";
import type { ConfigFlags } from "../options/config-flags.ts";
import { readConfig, resolveConfig } from "../options/resolve-config.ts";
import { EXIT } from "../output/exit-codes.ts";

/** Says all that is wrong with the config, and with what a collector would open. */
export async function check(flags: ConfigFlags & { readonly json: boolean }): Promise<void> {
  let warnings: string[] = [];
  try {
    const { config, where } = await readConfig(flags, process.env);
    const issues = await findUnopenable(config);
    const problem = foreignFolder(config);
    if (problem !== undefined) issues.push({ path: ["storage", "path"], text: `storage.path: ${problem}` });
    if (issues.length > 0) throw configError({ name: "config", where }, issues);
    warnings = configWarnings(config);
  } catch (error) {
    if (!flags.json || !(error instanceof PermanentError) || error.code !== "config_invalid") throw error;
    process.stdout.write(`${JSON.stringify({ ok: false, problems: problemsOf(error.message) })}\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ ok: true, problems: [], warnings })}\n`);
    return;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write("the config is good\n");
}

export async function printConfig(flags: ConfigFlags & { readonly json: boolean; readonly showSecrets: boolean }) {
  const resolved = await resolveConfig(flags, process.env);
  const shown = flags.showSecrets ? resolved : hideSecrets(resolved);
  const { stringify } = await import("yaml");
  process.stdout.write(flags.json ? `${JSON.stringify(shown, null, 2)}\n` : stringify(shown));
}

/** Why a folder that is there cannot be opened: by a newer version, for one. Being in use is no reason. */
function foreignFolder(config: Config): string | undefined {
  const { kind, path } = config.storage;
  if (kind === "memory" || !existsSync(join(path, "catalog.db"))) return undefined;
  try {
    readDataFolder(config).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The lines of an error about several problems, without its heading. */
function problemsOf(message: string): string[] {
  const [first, ...rest] = message.split("\n  ");
  return rest.length === 0 || !/\d+ problems\b.*:$/.test(first as string) ? [first as string, ...rest] : rest;
}
