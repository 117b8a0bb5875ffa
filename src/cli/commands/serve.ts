import type { Command } from "commander";
import { addConfigFlags } from "../options/config-flags.ts";
import type { ServeFlags } from "../options/serve-flags.ts";

export function addServe(program: Command): void {
  addConfigFlags(
    program
      .command("serve", { isDefault: true })
      .description("run the collector: receivers, store, exporters, read APIs and web UI"),
  )
    .option("--services <file>", "Prolog facts of services to register, with their health checks")
    .addHelpText(
      "after",
      `
Examples:
  spanloom                                   start with defaults, data in ./spanloom-data
  spanloom --storage memory                  keep nothing on disk
  spanloom serve -c spanloom.yaml --ui 0.0.0.0:16686
  spanloom --set exporters.otlp.endpoint=collector:4317
  SPANLOOM_STORAGE__PATH=/data spanloom      any setting by environment: two underscores between the parts
  kill -HUP <pid>                            load the config again: sampling, processors, log level; and TLS files`,
    )
    .action(async (flags: ServeFlags) => (await import("./serve-run.ts")).serve(flags));
}
