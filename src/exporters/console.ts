import { z } from "zod";
import { fragmentRecords } from "../codec/otlp/message/fragment-records.ts";
import type { ComponentFactory } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { type Attributes, anyValueText } from "../model/any-value.ts";
import type { LogFragment } from "../model/log.ts";
import { SPAN_KIND_NAMES, type SpanRecord } from "../model/span.ts";
import { tellingDigits } from "../model/trace-reference.ts";
import { exporterCommonConfig } from "./common-config.ts";
import { countSpans, unreadable } from "./outcome.ts";

const STATUS_NAMES = ["unset", "ok", "error"] as const;

const config = z.strictObject({
  verbosity: z
    .enum(["basic", "detailed"])
    .default("basic")
    .describe("basic: a line a span; detailed: also what the span holds."),
  ...exporterCommonConfig,
});
export type ConsoleConfig = z.output<typeof config>;

/** `[TRACE] GET / trace=0af76519... span=b7ad6b71... duration=12.34ms`, without a line break. */
export function traceLine({ span }: SpanRecord): string {
  const duration = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6;
  return (
    `[TRACE] ${printable(span.name)} trace=${tellingDigits(span.traceId).slice(0, 8)}... ` +
    `span=${span.spanId.slice(0, 8)}... duration=${duration.toFixed(2)}ms`
  );
}

/** The line, and below it, indented, the rest of the span. */
export function traceDetails(record: SpanRecord): string {
  const { span, scope, service, resource } = record;
  const lines = [
    traceLine(record),
    `  ids: trace=${span.traceId} span=${span.spanId} parent=${span.parentSpanId || "none"}`,
    `  service: ${printable(service)}  kind: ${SPAN_KIND_NAMES[span.kind]}  scope: ${printable(scope.name)} ${printable(scope.version)}`.trimEnd(),
    `  start: ${isoNano(span.startTimeUnixNano)}  end: ${isoNano(span.endTimeUnixNano)}`,
    `  status: ${STATUS_NAMES[span.status.code]} ${printable(span.status.message)}`.trimEnd(),
  ];
  if (span.traceState !== "") lines.push(`  trace state: ${printable(span.traceState)}`);
  lines.push(...attributeLines("attributes", span.attributes), ...attributeLines("resource", resource.attributes));
  for (const event of span.events) {
    lines.push(`  event: ${printable(event.name)} at ${isoNano(event.timeUnixNano)}`);
    lines.push(...attributeLines("  attributes", event.attributes));
  }
  for (const link of span.links) {
    lines.push(`  link: trace=${link.traceId} span=${link.spanId}`, ...attributeLines("  attributes", link.attributes));
  }
  return lines.join("\n");
}

function attributeLines(title: string, attributes: Attributes): string[] {
  if (attributes.length === 0) return [];
  const indent = " ".repeat(title.length - title.trimStart().length + 2);
  return [
    `  ${title}:`,
    ...attributes.map(
      ({ key, value }) => `${indent}  ${printable(key)}: ${value.type}(${printable(anyValueText(value))})`,
    ),
  ];
}

/** Escapes what could move a terminal's cursor or forge a line: senders choose these texts. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return code === 10 ? "\\n" : `\\u{${code.toString(16)}}`;
  });
}

/** ISO 8601 with nanoseconds; a time outside of what Date knows as the number that it is. */
function isoNano(nanos: bigint): string {
  const date = new Date(Number(nanos / 1_000_000n));
  if (Number.isNaN(date.getTime())) return `${nanos} ns`;
  return `${date.toISOString().slice(0, 19)}.${(nanos % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

class ConsoleExporter implements Exporter {
  readonly #write: (text: string) => void;
  readonly #format: (record: SpanRecord) => string;

  constructor(settings: ExporterSettings, userConfig: ConsoleConfig) {
    this.#write = settings.writeStdout;
    this.#format = userConfig.verbosity === "detailed" ? traceDetails : traceLine;
  }

  async start(): Promise<void> {}

  async export(fragments: readonly LogFragment[]): Promise<ExportOutcome> {
    let text = "";
    try {
      for (const fragment of fragments) {
        for (const record of fragmentRecords(fragment)) text += `${this.#format(record)}\n`;
      }
    } catch (error) {
      return unreadable(countSpans(fragments), error);
    }
    if (text !== "") this.#write(text);
    return { type: "delivered" };
  }

  async shutdown(): Promise<void> {}
}

/** Prints spans, for people who try things out. */
export const consoleExporter: ComponentFactory<ConsoleConfig, ExporterSettings, Exporter> = {
  type: "console",
  stability: "stable",
  config,
  create: (settings, userConfig) => new ConsoleExporter(settings, userConfig),
};
