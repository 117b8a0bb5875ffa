import type { Command } from "commander";
import { addConfigFlags, type ConfigFlags } from "../options/config-flags.ts";

export function addConfig(program: Command): void {
  const config = program.command("config").description("check and show the configuration");
  addConfigFlags(config.command("check").description("read the config as `serve` would and say what is wrong with it"))
    .option("--json", "print {ok: true}", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom config check
  spanloom config check -c /etc/spanloom/spanloom.yaml && systemctl reload spanloom`,
    )
    .action(async (flags: ConfigFlags & { json: boolean }) => {
      const { resolveConfig } = await import("../options/resolve-config.ts");
      await resolveConfig(flags, process.env);
      process.stdout.write(flags.json ? '{"ok":true}\n' : "the config is good\n");
    });
  addConfigFlags(config.command("print").description("print the whole config with defaults filled in"))
    .option("--json", "as JSON instead of YAML", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom config print
  spanloom config print --set sampling.ratio=0.25 --json | jq .sampling`,
    )
    .action(async (flags: ConfigFlags & { json: boolean }) => {
      const { resolveConfig } = await import("../options/resolve-config.ts");
      const resolved = await resolveConfig(flags, process.env);
      const { stringify } = await import("yaml");
      process.stdout.write(flags.json ? `${JSON.stringify(resolved, null, 2)}\n` : stringify(resolved));
    });
  config
    .command("schema")
    .description("print the JSON Schema of the config file, for editors")
    .addHelpText(
      "after",
      `
Examples:
  spanloom config schema > spanloom.schema.json`,
    )
    .action(async () => {
      const { configJsonSchema } = await import("../../app/config/config-doc.ts");
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}
