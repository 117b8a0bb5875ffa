import type { Command } from "commander";
import type { FactDeclaration } from "../../declarations/read-services.ts";
import { count, printable } from "../../query/text/readable.ts";

export function addServices(program: Command): void {
  const services = program.command("services").alias("service").description("services declared as Prolog facts");
  services
    .command("check")
    .description("read a file of service facts and print what it declares, defaults filled in; nothing is executed")
    .argument("<file>", "facts: service(Name, Options, Handler)")
    .option("--json", "print the declarations as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom services check services.pl
  spanloom services check services.pl --json | jq -r '.[].name'
  spanloom serve --services services.pl       register them with the collector's registry`,
    )
    .action(async (file: string, flags: { readonly json: boolean }) => {
      const { readServiceFile } = await import("../../app/declared-services.ts");
      const declared = readServiceFile(file);
      process.stdout.write(
        flags.json ? `${JSON.stringify(declared.map(asJson), null, 2)}\n` : declared.map(asText).join("\n"),
      );
      if (!flags.json) {
        process.stdout.write(`${declared.length === 0 ? "" : "\n"}${count(declared.length, "service")} declared\n`);
      }
      if (declared.length === 0) {
        process.stderr.write(`spanloom: ${file}: no fact is a service; expected service(Name, Options, Handler)\n`);
      }
    });
  services.addHelpText(
    "after",
    `
Examples:
  spanloom services check services.pl
  spanloom list services                      the services that a collector has seen`,
  );
}

function asJson({ name, options, handler, filename, at }: FactDeclaration): object {
  return {
    name,
    options,
    handler: handler.map(({ name: step, text }) => ({ name: step, text })),
    file: filename,
    ...at,
  };
}

function asText({ name, options, handler, filename, at }: FactDeclaration): string {
  const width = Math.max(...Object.keys(options).map((key) => key.length));
  const lines = Object.entries(options).map(([key, value]) => `  ${key.padEnd(width)}  ${shown(value)}`);
  const steps = handler.map(({ text }) => `    ${printable(text)}`);
  return [
    `${name}  (${filename}:${at.line}:${at.column})`,
    ...lines,
    ...(steps.length === 0 ? [] : ["  handler", ...steps]),
    "",
  ].join("\n");
}

function shown(value: unknown): string {
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
