import type { Host } from "../../component/component.ts";
import type { Exporter, ExportOutcome } from "../../component/export.ts";
import { type ReportWork, reported, type WorkOutcome } from "../../component/own-work.ts";
import type { LogFragment } from "../../model/log.ts";
import { serviceOf } from "../../model/span-columns.ts";
import { SELF_SERVICE } from "../self-tracing/self-spans.ts";

/** An exporter whose attempts are reported as the collector's own work. */
export class ReportedExporter implements Exporter {
  readonly #exporter: Exporter;
  readonly #name: string;
  readonly #report: ReportWork;

  constructor(exporter: Exporter, name: string, report: ReportWork) {
    this.#exporter = exporter;
    this.#name = name;
    this.#report = report;
  }

  start(host: Host): Promise<void> {
    return this.#exporter.start(host);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    return this.#exporter.shutdown(signal);
  }

  /**
   * Attempts to send nothing but the collector's own spans are not reported: their span would be sent next, for ever.
   */
  export(fragments: readonly LogFragment[], signal: AbortSignal, range?: string): Promise<ExportOutcome> {
    if (!fragments.some(hasOthersSpans)) return this.#exporter.export(fragments, signal, range);
    const spans = fragments.reduce((sum, { rows }) => sum + rows.length, 0);
    return reported(
      this.#report,
      {
        name: `export ${this.#name}`,
        kind: "client",
        details: { "spanloom.exporter": this.#name, "spanloom.spans": spans },
      },
      () => this.#exporter.export(fragments, signal, range),
      (outcome) => workOutcome(outcome),
    );
  }
}

function hasOthersSpans({ block: { columns }, rows }: LogFragment): boolean {
  return rows.some((row) => serviceOf(columns, row) !== SELF_SERVICE);
}

function workOutcome(outcome: ExportOutcome): WorkOutcome {
  const details = { "spanloom.export.outcome": outcome.type };
  switch (outcome.type) {
    case "delivered":
      return { details };
    case "rejected":
      return { details: { ...details, "spanloom.spans.rejected": outcome.count }, error: outcome.reason };
    default:
      return { details, error: outcome.reason };
  }
}
