import type { Host } from "../component/component.ts";
import type { Logger } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import type { ReportWork } from "../component/own-work.ts";
import { accessOf, type CollectorAccess } from "./access.ts";
import type { Config } from "./config/config.ts";
import { createLogger, type LoggerSettings } from "./json-logger.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { readVersion } from "./version.ts";

/** What all parts of a collector share. */
export interface Core {
  readonly version: string;
  readonly host: Host;
  /** The logger reads its level at every line, so that a reload can change it. */
  readonly logging: { level: LoggerSettings["level"] };
  readonly access: CollectorAccess;
  /** Where the host's `reportWork` leads: set by the part that takes the collector's own work. */
  readonly ownWork: { record?: ReportWork };
}

/** @param given takes the lines instead of stderr */
export function createCore(config: Config, given: Logger | undefined): Core {
  const { telemetry } = config;
  const { level, format } = telemetry.logs;
  const logging = { level, format, write: (line: string) => process.stderr.write(line), now: Date.now };
  const version = readVersion();
  const ownWork: Core["ownWork"] = {};
  const metrics = new Metrics();
  const access = accessOf(config, metrics);
  const host: Host = {
    logger: given ?? createLogger(logging),
    metrics,
    userAgent: `spanloom/${version}`,
    ...(access.access === undefined ? {} : { access: access.access }),
    ...(telemetry.traces.enabled ? { reportWork: (work) => ownWork.record?.(work) } : {}),
  };
  host.metrics.gauge("spanloom_build_info", "The running version; always 1.", { version }).set(1);
  addProcessMetrics(host.metrics);
  return { version, host, logging, ownWork, access };
}
