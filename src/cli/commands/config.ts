import type { Command } from "commander";
import { addConfigFlags, type ConfigFlags } from "../options/config-flags.ts";

interface PrintFlags extends ConfigFlags {
  readonly json: boolean;
  readonly showSecrets: boolean;
}

export function addConfig(program: Command): void {
  const run = () => import("./config-run.ts");
  const config = program.command("config").description("check and show the configuration");
  addConfigFlags(
    config
      .command("check")
      .description(
        "read the config as `serve` would, try what it would open, and say all that is wrong; exit code 2 when something is",
      ),
  )
    .option("--json", "print {ok, problems}", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom config check
  spanloom config check -c /etc/spanloom/spanloom.yaml && systemctl reload spanloom
  spanloom config check --json | jq -r '.problems[]'`,
    )
    .action(async (flags: ConfigFlags & { json: boolean }) => (await run()).check(flags));
  addConfigFlags(config.command("print").description("print the whole config with defaults filled in"))
    .option("--json", "as JSON instead of YAML", false)
    .option("--show-secrets", "tokens, passwords and headers too, which are hidden otherwise", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom config print
  spanloom config print --set sampling.ratio=0.25 --json | jq .sampling`,
    )
    .action(async (flags: PrintFlags) => (await run()).printConfig(flags));
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
  config.addHelpText(
    "after",
    `
Examples:
  spanloom config check
  spanloom config print -c spanloom.yaml
  spanloom config schema > spanloom.schema.json`,
  );
}
