import { formatDuration } from "../../model/duration-text.ts";
import { makesDuration } from "../../model/span-times.ts";
import { formatTime, printable, type Style } from "../../query/text/readable.ts";
import type { UiAttribute, UiSpanDetail, UiValue } from "../../query/ui/api-types.ts";

/** Everything about one span, a line each. Values are whole, however long. */
export function spanText(span: UiSpanDetail, style: Style): string {
  const parent = span.parentSpanId === "" ? " (root)" : `, child of ${span.parentSpanId}`;
  const start = BigInt(span.startTimeUnixNano);
  const known = makesDuration(start, BigInt(span.endTimeUnixNano));
  const lines = [
    style.bold(printable(`${span.service}  ${span.name}`)),
    `  trace ${span.traceId}`,
    `  span ${span.spanId}${parent}, ${span.kind}`,
    `  ${formatTime(start)}, ${formatDuration(known ? Number(span.durationNano) : undefined)}`,
  ];
  if (span.status.code !== "unset") {
    const text = `  status ${span.status.code}${span.status.message === "" ? "" : `: ${printable(span.status.message)}`}`;
    lines.push(span.status.code === "error" ? style.red(text) : text);
  }
  for (const mark of span.marks) lines.push(`  note: ${mark}`);
  const section = (title: string, entries: readonly UiAttribute[]) => {
    if (entries.length === 0) return;
    lines.push(`  ${style.dim(title)}`);
    for (const entry of entries) lines.push(`    ${printable(entry.key)} = ${printable(valueText(entry))}`);
  };
  section("attributes", span.attributes);
  for (const event of span.events) {
    const at = BigInt(event.timeUnixNano);
    const after = makesDuration(start, at) ? `+${formatDuration(Number(at - start))}` : formatTime(at);
    const title = `event ${printable(event.name)} at ${after}`;
    if (event.attributes.length === 0) lines.push(`  ${style.dim(title)}`);
    else section(title, event.attributes);
  }
  for (const link of span.links) lines.push(`  link to trace ${link.traceId} span ${link.spanId}`);
  section("resource", span.resource.attributes);
  if (span.scope.name !== "") {
    lines.push(`  ${style.dim("scope")} ${printable(span.scope.name)} ${printable(span.scope.version)}`.trimEnd());
  }
  return `${lines.join("\n")}\n`;
}

function valueText(value: UiValue): string {
  return value.type === "string" || value.type === "int" ? value.value : JSON.stringify(plain(value));
}

/** As people write JSON; 64-bit numbers as they are. */
function plain(value: UiValue): unknown {
  switch (value.type) {
    case "array":
      return value.value.map(plain);
    case "kvlist":
      return Object.fromEntries(value.value.map((entry) => [entry.key, plain(entry)]));
    default:
      return value.value;
  }
}
