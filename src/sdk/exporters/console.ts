import type { SpanRecord } from "../../model/span.ts";
import { tellingDigits } from "../../model/trace-reference.ts";
import type { SpanExporter } from "./exporter.ts";

export interface ConsoleSettings {
  /** Takes one line with its line end. Default: standard output. */
  readonly write?: (line: string) => void;
}

/** `[TRACE] name trace=0af76519... span=b7ad6b71... duration=12.34ms`, one line a span. */
export function consoleExporter(settings: ConsoleSettings = {}): SpanExporter {
  const write = settings.write ?? ((line: string) => void process.stdout.write(line));
  return {
    description: "console",
    async export(records) {
      for (const record of records) write(`${consoleLine(record)}\n`);
      return { type: "delivered" };
    },
    async shutdown() {},
  };
}

export function consoleLine({ span }: SpanRecord): string {
  const durationMs = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6;
  return `[TRACE] ${span.name} trace=${tellingDigits(span.traceId).slice(0, 8)}... span=${span.spanId.slice(0, 8)}... duration=${durationMs.toFixed(2)}ms`;
}
