import type { Command } from "commander";
import { PermanentError } from "../../../component/errors.ts";
import { STATUS_CODE } from "../../../model/span.ts";
import { renderTree } from "../../../query/text/trace-tree.ts";
import { terminalWidth } from "../../../query/text/width.ts";
import type { UiSpanResponse } from "../../../query/ui/api-types.ts";
import { columnIdHex, decodeTraceColumns, type TraceColumns } from "../../../query/ui/columns-format.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { requireTraceReference } from "../../client/trace-reference.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { styleFor } from "../../output/format.ts";
import { spanText } from "../../output/span-text.ts";
import { writeLines } from "../../output/write.ts";
import { clientOf, readOneTrace } from "./one-trace.ts";

interface TraceFlags extends ConnectionFlags {
  readonly json: boolean;
  readonly span?: string;
  readonly errors: boolean;
}

/** Errors whose message is asked for; more are only marked. */
const EXPLAINED_ERRORS = 10;
/** Spans that are listed where a beginning of an id fits several. */
const LISTED = 20;

export function addTrace(program: Command): void {
  addConnectionFlags(
    program
      .command("trace")
      .alias("traces")
      .description("show one trace as a tree, or one of its spans")
      .argument("<id>", "trace id or its first digits; hex, base64, UUID, traceparent header, or a link to the trace"),
  )
    .option("--span <id>", "print everything about this span; its first digits are enough")
    .option("--errors", "only the spans with errors and the way to them", false)
    .option("--json", "print the trace as OTLP JSON (with --span: the span)", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom trace 0af7651916cd43dd8448eb211c80319c
  spanloom trace 0af76519 --errors
  spanloom trace 0af76519 --span b7ad6b71
  spanloom trace http://127.0.0.1:16686/trace/0af7651916cd43dd8448eb211c80319c
  spanloom trace 0af76519 --json > trace.json`,
    )
    .action(run);
}

async function run(text: string, flags: TraceFlags, command: Command): Promise<void> {
  const reference = requireTraceReference(text);
  const client = clientOf(reference, flags, command);
  if (flags.json && flags.span === undefined) {
    const json = await readOneTrace(client, reference, flags.json, (id) =>
      client.text(`api/ui/traces/${id}/download?format=otlp`),
    );
    process.stdout.write(`${json}\n`);
    return;
  }
  const columns = await readOneTrace(client, reference, flags.json, async (id) =>
    decodeTraceColumns(await client.bytes(`api/ui/traces/${id}/columns`)),
  );
  if (flags.span === undefined) await printTree(client, columns, flags);
  else await printSpan(client, columns, flags.span, flags);
}

async function printTree(client: ApiClient, columns: TraceColumns, { errors }: TraceFlags): Promise<void> {
  const messages = await errorMessages(client, columns);
  const style = styleFor(process.stdout, process.env);
  const width = terminalWidth(process.stdout);
  await writeLines(process.stdout, renderTree(columns, { messages, onlyErrors: errors, width, style }));
}

async function printSpan(client: ApiClient, columns: TraceColumns, text: string, { json }: TraceFlags): Promise<void> {
  const spanId = spanIdOf(columns, text);
  const { spans } = await client.json<UiSpanResponse>(`api/ui/traces/${columns.traceId}/spans/${spanId}`);
  const style = styleFor(process.stdout, process.env);
  process.stdout.write(json ? `${JSON.stringify(spans)}\n` : spans.map((span) => spanText(span, style)).join("\n"));
}

/** The whole id of a span of the trace. */
function spanIdOf(columns: TraceColumns, text: string): string {
  const digits = text.trim().replace(/^0x/i, "").toLowerCase();
  if (!/^[0-9a-f]{1,16}$/.test(digits)) {
    throw new PermanentError("bad_request", `--span ${text}: expected a span id of up to 16 hex digits`);
  }
  const found = new Set<string>();
  const whole = digits.padStart(16, "0");
  for (let row = 0; row < columns.count; row++) {
    const id = columnIdHex(columns.spanIds, row * 8, 8);
    if (id === whole) return id;
    if (id.startsWith(digits)) found.add(id);
  }
  const [only, ...more] = found;
  if (only === undefined) {
    throw new PermanentError("not_found", `trace ${columns.traceId} has no span whose id is or begins with ${digits}`);
  }
  if (more.length === 0) return only;
  const list = [...found].slice(0, LISTED).join(" ");
  throw new PermanentError("bad_request", `--span ${digits} fits ${found.size} spans; give more digits: ${list}`);
}

/** Why spans failed, by row: the first line of what they say. */
async function errorMessages(client: ApiClient, columns: TraceColumns): Promise<Map<number, string>> {
  const messages = new Map<number, string>();
  let explained = 0;
  for (let row = 0; row < columns.count && explained < EXPLAINED_ERRORS; row++) {
    if (columns.status[row] !== STATUS_CODE.error) continue;
    explained++;
    const spanId = columnIdHex(columns.spanIds, row * 8, 8);
    const { spans } = await client.json<UiSpanResponse>(`api/ui/traces/${columns.traceId}/spans/${spanId}`);
    const text = spans.find(({ errorText }) => errorText !== "")?.errorText;
    if (text !== undefined) messages.set(row, text.split("\n", 1)[0] as string);
  }
  return messages;
}
