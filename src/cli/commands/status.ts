import type { Command } from "commander";
import { count, printable, type Style } from "../../query/text/readable.ts";
import { terminalWidth } from "../../query/text/width.ts";
import type { UiStatusResponse } from "../../query/ui/status-types.ts";
import { ApiClient } from "../client/api-client.ts";
import { addConnectionFlags, type ConnectionFlags } from "../options/connection-flags.ts";
import { EXIT } from "../output/exit-codes.ts";
import { formatAge, formatMebibytes, styleFor, table } from "../output/format.ts";

export function addStatus(program: Command): void {
  addConnectionFlags(
    program
      .command("status")
      .description(
        "what a running collector listens on, stores, receives and sends; exit code 1 when it takes no spans",
      ),
  )
    .option("--json", "print the status as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom status
  spanloom status --url https://user:password@traces.example
  spanloom status --json | jq '.exporters[] | {name, lagSpans}'`,
    )
    .action(run);
}

async function run(flags: ConnectionFlags & { readonly json: boolean }): Promise<void> {
  const client = new ApiClient(flags);
  const status = await client.json<UiStatusResponse>("api/ui/status");
  const notReady = await client.whyNotReady();
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ready: notReady === undefined, notReady: notReady ?? null, ...status })}\n`,
    );
  } else {
    process.stdout.write(
      describe(status, notReady, styleFor(process.stdout, process.env), terminalWidth(process.stdout)),
    );
  }
  if (notReady !== undefined) process.exitCode = EXIT.failed;
}

function describe(
  status: UiStatusResponse,
  notReady: string | undefined,
  style: Style,
  width: number | undefined,
): string {
  const { storage, listeners, exporters, received } = status;
  const state = notReady === undefined ? "ready" : style.red(`not ready: ${notReady}`);
  const head = `spanloom ${status.version}, ${state}, running for ${formatAge(status.nowMs - status.startedAtMs)}`;
  const kept = storage.oldestMs === undefined ? "" : `, since ${formatAge(status.nowMs - storage.oldestMs)}`;
  const size = storage.kind === "memory" ? "" : ` in ${formatMebibytes(storage.diskBytes)} MiB`;
  const lines = [
    ...listeners.map(({ title, address }) => [title, address ?? "off"]),
    ["data", `${storage.path ?? "memory"}: ${count(storage.spans, "span")}${size}${kept}`],
    ["received", receivedText(received)],
  ];
  let text = `${style.bold(head)}\n${table(["", ""], lines as string[][], { width, flexible: [1] }).trimStart()}`;
  if (exporters.length > 0) text += `\n${exporterTable(exporters, width)}`;
  for (const { name, lastError } of exporters) {
    if (lastError !== undefined) text += `${style.red(`${name}: ${printable(lastError)}`)}\n`;
  }
  return text;
}

function receivedText(received: UiStatusResponse["received"]): string {
  const sum = (pattern: RegExp) =>
    received.reduce((total, { name, value }) => total + (pattern.test(name) ? value : 0), 0);
  const refused = sum(/refused.*spans|rejected.*spans/);
  const accepted = sum(/accepted.*spans/);
  return `${count(accepted, "span")} since the start${refused > 0 ? `, ${refused} refused` : ""}`;
}

function exporterTable(exporters: UiStatusResponse["exporters"], width: number | undefined): string {
  const filters = exporters.some(({ filteredSpans }) => filteredSpans > 0);
  const rows = exporters.map((one) => [
    one.name,
    String(one.deliveredSpans),
    String(one.lagSpans),
    one.lagSpans === 0 ? "-" : formatAge(one.lagMs),
    String(one.rejectedSpans),
    String(one.lostSpans),
    ...(filters ? [String(one.filteredSpans)] : []),
    one.lastOutcome ?? "-",
  ]);
  const head = ["exporter", "sent", "waiting", "oldest", "refused", "lost", ...(filters ? ["filtered"] : []), "last"];
  return table(head, rows, { right: filters ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5], width, flexible: [0] });
}
