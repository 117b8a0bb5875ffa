import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { UiCountedSeries, UiExporterStatus, UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { statusQuery } from "../api/queries.ts";
import { formatBytes } from "../format/bytes.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { formatAbsolute, formatRelative } from "../format/time.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Notice } from "../ui/notice.tsx";
import { exporterKey, seriesKey, useRates } from "./use-rates.ts";

const POLL_MS = 2_000;
/** Of counters whose names do not say it all. */
const SERIES_WORDS: Readonly<Record<string, string>> = {
  red_left_out_spans: "spans that begin at no possible time, or far from their receipt",
  red_overflow_spans: "spans under (other operations) or (other services)",
  dependencies_left_out_calls: "calls that begin at no possible time, or far from their receipt",
  dependencies_overflow_calls: "calls between (other services)",
  aggregate_shrinks: "times that the oldest were removed early, for their space",
};
const OUTCOME_WORDS: Partial<Record<NonNullable<UiExporterStatus["lastOutcome"]>, string>> = {
  retry: "failing, tried again",
};

/** What the collector receives, samples, stores and exports, as it happens. */
export function CollectorPage() {
  usePageTitle("Collector");
  const answer = useQuery({ ...statusQuery, refetchInterval: POLL_MS });
  const status = answer.data;
  const rates = useRates(status);
  return (
    <div className="page wide">
      <div className="page-head">
        <h1>Collector</h1>
        {status !== undefined && (
          <span className="muted">
            {status.version === "" ? "" : `version ${status.version}, `}running for{" "}
            {formatDuration((status.nowMs - status.startedAtMs) * 1e6)}
          </span>
        )}
      </div>
      {answer.isError && (
        <Notice tone="error" title="The status could not be loaded">
          {answer.error.message}
        </Notice>
      )}
      {answer.isPending && <div className="skeleton page-skeleton" role="status" aria-label="Loading" />}
      {status !== undefined && (
        <div className="card-grid">
          <div className="card-column">
            <Card title="Received">
              <SeriesTable series={status.received} rates={rates} empty="Nothing received since the start." />
            </Card>
            <Card title="Endpoints">
              <dl className="figures">
                {status.endpoints.receivers?.map(({ receiver, listener, title, address }) => (
                  <Endpoint key={`${receiver} ${listener}`} name={title} value={address} />
                ))}
                <Endpoint name="UI and read APIs" value={status.endpoints.ui} />
              </dl>
            </Card>
          </div>
          <div className="card-column">
            <Card title="Sampling">
              <SeriesTable series={status.sampling} rates={rates} empty="Every span is kept." />
            </Card>
            <Card title="Storage">
              <Storage status={status} />
            </Card>
            <Card title="Not in rates and calls">
              <SeriesTable series={status.uncounted} rates={rates} empty="Every stored span counts." />
            </Card>
          </div>
          <Card title="Exporters" wide>
            {status.exporters.length === 0 ? (
              <p className="muted">None configured.</p>
            ) : (
              <ul className="exporter-list">
                {status.exporters.map((exporter) => (
                  <Exporter
                    key={exporter.name}
                    exporter={exporter}
                    rate={rates.get(exporterKey(exporter.name))}
                    nowMs={status.nowMs}
                  />
                ))}
              </ul>
            )}
          </Card>
        </div>
      )}
    </div>
  );
}

function Card({
  title,
  wide = false,
  children,
}: {
  readonly title: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <section className="card" data-wide={wide} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Endpoint({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? <span className="muted">off</span> : <code className="break-anywhere">{value}</code>}
        {value !== undefined && <CopyButton text={value} label={`Copy the ${name} endpoint`} />}
      </dd>
    </div>
  );
}

function Storage({ status }: { readonly status: UiStatusResponse }) {
  const { storage } = status;
  const limits = [
    storage.retention.maxAgeHours === null ? undefined : ageText(storage.retention.maxAgeHours),
    storage.retention.maxMebibytes === null ? undefined : formatBytes(storage.retention.maxMebibytes * 1024 * 1024),
  ].filter((limit) => limit !== undefined);
  return (
    <dl className="figures">
      <Figure name="Kind" value={storage.kind} />
      {storage.path !== undefined && <Figure name="Folder" value={storage.path} />}
      <Figure name="Spans" value={formatCount(storage.spans)} />
      <Figure name="On disk" value={formatBytes(storage.diskBytes)} />
      <Figure name="Segments" value={formatCount(storage.segments)} />
      <Figure
        name="Oldest"
        value={
          storage.oldestMs === undefined
            ? "nothing stored"
            : `${formatAbsolute(storage.oldestMs).slice(0, 19)} (${formatRelative(storage.oldestMs, status.nowMs)})`
        }
      />
      <Figure name="Kept for" value={limits.length === 0 ? "ever" : limits.join(" or ")} />
    </dl>
  );
}

/** Whole days as days: `7 days`, `36 h`. */
function ageText(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24} days` : `${hours} h`;
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="break-anywhere">{value}</dd>
    </div>
  );
}

function SeriesTable({
  series,
  rates,
  empty,
}: {
  readonly series: readonly UiCountedSeries[];
  readonly rates: ReadonlyMap<string, number>;
  readonly empty: string;
}) {
  const shown = series.filter((entry) => entry.value > 0);
  if (shown.length === 0) return <p className="muted">{empty}</p>;
  return (
    <table className="data-table plain">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col" className="number">
            Since the start
          </th>
          <th scope="col" className="number">
            Per second
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((entry) => {
          const key = seriesKey(entry);
          const rate = rates.get(key);
          return (
            <tr key={key}>
              <td>
                {SERIES_WORDS[entry.name] ?? entry.name.replace(/^(receiver|sampling)_/, "").replaceAll("_", " ")}{" "}
                <span className="muted">{Object.values(entry.labels).join(", ")}</span>
              </td>
              <td className="number">
                {entry.name.endsWith("_bytes") ? formatBytes(entry.value) : formatCount(entry.value)}
              </td>
              <td className="number">
                {entry.name.endsWith("_bytes") && rate !== undefined ? formatBytes(rate) : rateText(rate)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Of whole things a second, one digit after the point below a thousand. */
function rateText(rate: number | undefined): string {
  if (rate === undefined) return "–";
  return rate >= 1000 ? formatCount(Math.round(rate)) : String(Number(rate.toFixed(1)));
}

function Exporter({
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
    <li className="exporter">
      <div className="exporter-head">
        <strong>{exporter.name}</strong>
        <span className="chip" data-tone={failing ? "error" : undefined}>
          {failing ? <Icon name="error" /> : <Icon name="check" />}
          {stateText(exporter)}
        </span>
      </div>
      <dl className="exporter-facts">
        <ExporterFact name="Delivered" value={formatCount(exporter.deliveredSpans)} />
        <ExporterFact name="Per second" value={rateText(rate)} />
        <ExporterFact
          name="Behind"
          value={
            exporter.lagSpans === 0
              ? "nothing"
              : `${counted(exporter.lagSpans, "span")}, ${formatDuration(exporter.lagMs * 1e6)}`
          }
        />
        <ExporterFact name="Retries" value={formatCount(exporter.retries)} />
        <ExporterFact name="Rejected" value={formatCount(exporter.rejectedSpans)} error={exporter.rejectedSpans > 0} />
        <ExporterFact name="Lost to retention" value={formatCount(exporter.lostSpans)} error={exporter.lostSpans > 0} />
        <ExporterFact name="Last delivery" value={lastDeliveryText(exporter, nowMs)} />
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

function ExporterFact({
  name,
  value,
  error = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly error?: boolean;
}) {
  return (
    <div className="fact" data-error={error}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
