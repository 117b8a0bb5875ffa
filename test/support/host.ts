import type { Host } from "../../src/component/component.ts";
import { type LogFields, SILENT_LOGGER } from "../../src/component/logger.ts";
import { Metrics } from "../../src/component/metrics.ts";

/** What a component is started with; it logs nothing. */
export function testHost(changes: Partial<Host> = {}): Host {
  return { logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom/test", ...changes };
}

export interface RecordedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A host that remembers what was logged. */
export function recordingHost(): Host & { readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const log = (level: string) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  return { ...testHost({ logger }), lines };
}
