import type { Command } from "commander";
import { PermanentError } from "../../component/errors.ts";
import { bytesToHex, parseTraceId } from "../../model/ids.ts";
import { STATUS_CODE } from "../../model/span.ts";
import type { UiSpanDetail, UiSpanResponse } from "../../query/ui/api-types.ts";
import { decodeTraceColumns, type TraceColumns } from "../../query/ui/columns-format.ts";
import { ApiClient, DEFAULT_URL } from "../client/api-client.ts";
import { checkUrl } from "../options/option-values.ts";
import { formatDuration, formatTime, printable, type Style, styleFor } from "../output/format.ts";

interface TraceFlags {
  readonly url: string;
  readonly json: boolean;
  readonly span?: string;
  readonly errors: boolean;
}

const BAR_WIDTH = 24;
/** Errors whose message is asked for; more are only marked. */
const EXPLAINED_ERRORS = 10;

export function addTrace(program: Command): void {
  program
    .command("trace")
    .description("show one trace as a tree, or one of its spans")
    .argument("<id>", "trace id, or a traceparent header")
    .option("--url <url>", "web UI address of the collector", checkUrl, DEFAULT_URL)
    .option("--span <id>", "print everything about this span")
    .option("--errors", "only the spans with errors and the way to them", false)
    .option("--json", "print the trace as OTLP JSON (with --span: the span)", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom trace 0af7651916cd43dd8448eb211c80319c
  spanloom trace 0af7651916cd43dd8448eb211c80319c --errors
  spanloom trace 0af7651916cd43dd8448eb211c80319c --span b7ad6b7169203331`,
    )
    .action(run);
}

async function run(text: string, flags: TraceFlags): Promise<void> {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/i.exec(text)?.[1] ?? text;
  if (parseTraceId(id) === undefined) {
    throw new PermanentError(
      "bad_request",
      `${text}: expected a trace id of 1 to 32 hex digits, or a traceparent header`,
    );
  }
  const client = new ApiClient(flags.url);
  const style = styleFor(process.stdout, process.env);
  if (flags.span !== undefined) {
    const { spans } = await client.json<UiSpanResponse>(
      `api/ui/traces/${encodeURIComponent(id)}/spans/${encodeURIComponent(flags.span)}`,
    );
    process.stdout.write(
      flags.json ? `${JSON.stringify(spans)}\n` : spans.map((span) => describeSpan(span, style)).join("\n"),
    );
    return;
  }
  if (flags.json) {
    process.stdout.write(`${await client.text(`api/ui/traces/${encodeURIComponent(id)}/download?format=otlp`)}\n`);
    return;
  }
  const columns = decodeTraceColumns(await client.bytes(`api/ui/traces/${encodeURIComponent(id)}/columns`));
  const messages = await errorMessages(client, columns);
  process.stdout.write(renderTree(columns, messages, flags.errors, style));
}

/** Why spans failed, by row: the status message, else the exception's. */
async function errorMessages(client: ApiClient, columns: TraceColumns): Promise<Map<number, string>> {
  const rows = [...columns.status.keys()].filter((row) => columns.status[row] === STATUS_CODE.error);
  const messages = new Map<number, string>();
  for (const row of rows.slice(0, EXPLAINED_ERRORS)) {
    const spanId = bytesToHex(columns.spanIds, row * 8, 8);
    const { spans } = await client.json<UiSpanResponse>(`api/ui/traces/${columns.traceId}/spans/${spanId}`);
    const [span] = spans;
    const exception = span?.events.find((event) => event.name === "exception");
    const thrown = exception?.attributes.find((attribute) => attribute.key === "exception.message");
    const message = span?.status.message || (thrown?.type === "string" ? thrown.value : "");
    if (message !== "") messages.set(row, message.split("\n", 1)[0] as string);
  }
  return messages;
}

/** One line a span: tree, service, name, bar, duration; then a line for each error's message. */
export function renderTree(
  columns: TraceColumns,
  messages: ReadonlyMap<number, string>,
  onlyErrors: boolean,
  style: Style,
): string {
  const shown = onlyErrors ? errorPaths(columns) : undefined;
  const errors = columns.status.reduce((sum, status) => sum + (status === STATUS_CODE.error ? 1 : 0), 0);
  const head = `${columns.traceId}  ${formatTime(columns.baseStartNano)}  ${formatDuration(columns.durationNano)}, ${columns.count} spans, ${columns.services.length} services${errors > 0 ? `, ${errors} ${errors === 1 ? "error" : "errors"}` : ""}`;
  const lines: { left: string; below: string; row: number }[] = [];
  const last = lastChildren(columns, shown);
  const parents = new Set([...last].map((row) => columns.parent[row] as number));
  const stems: string[] = [];
  const depth = new Int32Array(columns.count);
  for (let row = 0; row < columns.count; row++) {
    const parent = columns.parent[row] as number;
    const level = parent < 0 ? 0 : (depth[parent] as number) + 1;
    depth[row] = level;
    if (shown !== undefined && !shown.has(row)) continue;
    stems.length = level;
    const own = level === 0 ? "" : last.has(row) ? "└─ " : "├─ ";
    const left = `${stems.slice(1).join("")}${own}`;
    stems[level] = level === 0 ? "" : last.has(row) ? "   " : "│  ";
    lines.push({ left, below: `${stems.slice(1).join("")}${parents.has(row) ? "│  " : "   "}`, row });
  }
  const labels = lines.map(({ left, row }) => `${left}${label(columns, row)}`);
  const width = labels.reduce((widest, text) => Math.min(72, Math.max(widest, [...text].length)), 0);
  const body = lines.map(({ below, row }, i) => {
    const text = labels[i] as string;
    const failed = columns.status[row] === STATUS_CODE.error;
    const padded = text + " ".repeat(Math.max(0, width - [...text].length));
    const line = `${failed ? style.red(padded) : padded}  ${bar(columns, row)}  ${formatDuration(columns.duration[row] as number)}${failed ? style.red("  error") : ""}`;
    const message = messages.get(row);
    return message === undefined ? line : `${line}\n${below}${style.red(printable(message))}`;
  });
  return `${style.bold(head)}\n${body.join("\n")}\n`;
}

function label(columns: TraceColumns, row: number): string {
  const service = columns.services[columns.service[row] as number] as string;
  const name = columns.names[columns.name[row] as number] as string;
  return printable(`${service}  ${name}`);
}

function bar(columns: TraceColumns, row: number): string {
  const total = Math.max(1, columns.durationNano);
  const from = Math.min(BAR_WIDTH - 1, Math.max(0, Math.floor(((columns.start[row] as number) / total) * BAR_WIDTH)));
  const size = Math.max(1, Math.round((Math.max(0, columns.duration[row] as number) / total) * BAR_WIDTH));
  const length = Math.min(size, BAR_WIDTH - from);
  return `${"·".repeat(from)}${"█".repeat(length)}${"·".repeat(BAR_WIDTH - from - length)}`;
}

/** Rows with errors and all their ancestors. */
function errorPaths(columns: TraceColumns): Set<number> {
  const rows = new Set<number>();
  for (let row = 0; row < columns.count; row++) {
    if (columns.status[row] !== STATUS_CODE.error) continue;
    for (let at = row; at >= 0 && !rows.has(at); at = columns.parent[at] as number) rows.add(at);
  }
  return rows;
}

/** Rows that are the last shown child of their parent. */
function lastChildren(columns: TraceColumns, shown: ReadonlySet<number> | undefined): Set<number> {
  const last = new Map<number, number>();
  for (let row = 0; row < columns.count; row++) {
    const parent = columns.parent[row] as number;
    if (parent >= 0 && (shown === undefined || shown.has(row))) last.set(parent, row);
  }
  return new Set(last.values());
}

function describeSpan(span: UiSpanDetail, style: Style): string {
  const lines = [
    style.bold(printable(`${span.service}  ${span.name}`)),
    `  span ${span.spanId}${span.parentSpanId === "" ? " (root)" : `, child of ${span.parentSpanId}`}, ${span.kind}`,
    `  ${formatTime(BigInt(span.startTimeUnixNano))}, ${formatDuration(Number(span.durationNano))}`,
  ];
  if (span.status.code !== "unset") {
    const text = `  status ${span.status.code}${span.status.message === "" ? "" : `: ${printable(span.status.message)}`}`;
    lines.push(span.status.code === "error" ? style.red(text) : text);
  }
  for (const mark of span.marks) lines.push(`  note: ${mark}`);
  const section = (title: string, entries: readonly { key: string; value: unknown }[]) => {
    if (entries.length === 0) return;
    lines.push(`  ${style.dim(title)}`);
    for (const { key, value } of entries) lines.push(`    ${printable(key)} = ${printable(valueText(value))}`);
  };
  section("attributes", span.attributes);
  for (const event of span.events) {
    const after = Number(BigInt(event.timeUnixNano) - BigInt(span.startTimeUnixNano));
    section(`event ${printable(event.name)} at +${formatDuration(after)}`, event.attributes);
  }
  for (const link of span.links) lines.push(`  link to trace ${link.traceId} span ${link.spanId}`);
  section("resource", span.resource.attributes);
  if (span.scope.name !== "")
    lines.push(`  ${style.dim("scope")} ${printable(span.scope.name)} ${printable(span.scope.version)}`);
  return `${lines.join("\n")}\n`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
