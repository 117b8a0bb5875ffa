import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiExporterStatus } from "../../../src/query/ui/status-types.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatRelative } from "../format/time.ts";
import { Chip } from "../ui/chip.tsx";
import { Fact } from "../ui/fact.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./exporter-card.module.css";
import { rateText } from "./rate-text.ts";

const OUTCOME_WORDS: Partial<Record<NonNullable<UiExporterStatus["lastOutcome"]>, string>> = {
  retry: "failing, tried again",
};

/** A destination: how it fares, what it got, and what it still waits for. */
export function ExporterCard({
  exporter,
  rate,
  nowMs,
}: {
  readonly exporter: UiExporterStatus;
  /** Spans delivered a second. */
  readonly rate: number | undefined;
  readonly nowMs: number;
}) {
  const failing = exporter.lastOutcome !== undefined && exporter.lastOutcome !== "delivered";
  return (
    <li className={styles.exporter}>
      <div className={styles.head}>
        <strong>{exporter.name}</strong>
        {exporter.destination !== undefined && (
          <span className="mono muted break-anywhere">{exporter.destination}</span>
        )}
        <Chip tone={failing ? "error" : undefined}>
          {failing ? <Icon name="error" /> : <Icon name="check" />}
          {stateText(exporter)}
        </Chip>
      </div>
      <dl className={styles.facts}>
        <Fact name="Delivered" value={formatCount(exporter.deliveredSpans)} />
        <Fact name="Per second" value={rateText(rate)} />
        <Fact
          name="Behind"
          value={
            exporter.lagSpans === 0
              ? "nothing"
              : `${counted(exporter.lagSpans, "span")}, ${formatDuration(exporter.lagMs * 1e6)}`
          }
        />
        <Fact name="Retries" value={formatCount(exporter.retries)} />
        <Fact name="Rejected" value={formatCount(exporter.rejectedSpans)} error={exporter.rejectedSpans > 0} />
        {exporter.filteredSpans > 0 && <Fact name="Filtered out" value={formatCount(exporter.filteredSpans)} />}
        <Fact name="Lost to retention" value={formatCount(exporter.lostSpans)} error={exporter.lostSpans > 0} />
        <Fact name="Last delivery" value={lastDeliveryText(exporter, nowMs)} />
      </dl>
      {exporter.lastError !== undefined && <p className="error-text break-anywhere">{exporter.lastError}</p>}
    </li>
  );
}

/** The last attempt since the start, or what follows from the backlog where there was none yet. */
function stateText({ lastOutcome, lagSpans, deliveredSpans }: UiExporterStatus): string {
  if (lastOutcome === undefined)
    return lagSpans > 0 ? "waiting" : deliveredSpans > 0 ? "up to date" : "nothing sent yet";
  return lastOutcome === "delivered" ? "delivering" : (OUTCOME_WORDS[lastOutcome] ?? lastOutcome);
}

function lastDeliveryText({ lastDeliveredAtMs, deliveredSpans }: UiExporterStatus, nowMs: number): string {
  if (lastDeliveredAtMs !== undefined) return formatRelative(lastDeliveredAtMs, nowMs);
  return deliveredSpans > 0 ? "before the start" : "never";
}
