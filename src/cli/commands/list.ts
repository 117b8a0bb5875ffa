import type { Command } from "commander";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { printable } from "../../query/text/readable.ts";
import type { UiServicesResponse } from "../../query/ui/api-types.ts";
import { ApiClient } from "../client/api-client.ts";
import { addConnectionFlags, type ConnectionFlags } from "../options/connection-flags.ts";
import { checkName } from "../options/option-values.ts";
import { emptySearch } from "../output/empty-search.ts";
import { writeLines } from "../output/write.ts";

interface ListFlags extends ConnectionFlags {
  readonly json: boolean;
}

export function addList(program: Command): void {
  const list = program.command("list").description("services and operations that a running collector knows");
  addConnectionFlags(list.command("services").alias("service").description("names of the services, one a line"))
    .option("--json", "print the services with their numbers of operations as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom list services
  spanloom list services --json | jq -r '.services[] | select(.operations > 10).name'`,
    )
    .action(listServices);
  addConnectionFlags(
    list
      .command("operations")
      .alias("operation")
      .description("names of a service's operations, one a line")
      .argument("<service>", "name of the service", checkName),
  )
    .option("--json", "print the operations with their kinds as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom list operations checkout
  spanloom list operations checkout --json | jq -r '.operations[] | select(.kind == "server").name'`,
    )
    .action(listOperations);
  list.addHelpText(
    "after",
    `
Examples:
  spanloom list services
  spanloom list operations checkout`,
  );
}

async function listServices(flags: ListFlags): Promise<void> {
  const { services, reason } = await new ApiClient(flags).json<UiServicesResponse>("api/ui/services");
  if (flags.json) {
    const counted = services.map(({ name, operations }) => ({ name, operations: operations.length }));
    process.stdout.write(`${JSON.stringify({ services: counted, ...asField(reason) })}\n`);
    return;
  }
  if (services.length === 0 && reason === undefined)
    process.stderr.write("no service has sent a span; `spanloom send --demo` makes some\n");
  await writeLines(
    process.stdout,
    services.map(({ name }) => printable(name)),
  );
}

async function listOperations(service: string, flags: ListFlags): Promise<void> {
  const { services, reason } = await new ApiClient(flags).json<UiServicesResponse>("api/ui/services");
  const found = services.find(({ name }) => name === service);
  if (found === undefined) {
    if (reason !== undefined) {
      throw new RetryableError("storage_unavailable", `no service called ${service} was found, but ${reason}`);
    }
    throw new PermanentError("not_found", emptySearch({ service }, services));
  }
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ service, operations: found.operations, ...asField(reason) })}\n`);
    return;
  }
  const names = new Set(found.operations.map(({ name }) => printable(name)));
  await writeLines(process.stdout, names);
}

/** Why the lists may lack something, as the field of the JSON. */
function asField(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
