import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatRate, rateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { formatAbsolute } from "../format/time.ts";
import type { ChartFigures } from "./chart-figures.ts";
import type { Exemplar } from "./exemplars.ts";
import styles from "./service-charts.module.css";
import { type PlaceOf, TimeChart } from "./time-chart.tsx";

/** WCAG 2.2, 2.5.8: what is pressed is that large, px. */
const TARGET = 24;

/** Rate, failures and durations over time; on the durations dots of spans that open their traces. */
export function ServiceCharts({
  figures,
  exemplars,
  onRange,
}: {
  readonly figures: ChartFigures;
  readonly exemplars: readonly Exemplar[];
  readonly onRange: (fromMs: number, toMs: number) => void;
}) {
  const unit = rateUnit(Math.max(0, ...figures.rate));
  const shared = { times: figures.times, onRange };
  return (
    <div className={styles.charts}>
      <section aria-label="Rate">
        <h2>Rate</h2>
        <TimeChart
          {...shared}
          label="Calls and failed calls over time"
          format={(rate) => formatRate(rate, unit)}
          lines={[
            { label: "calls", values: figures.rate, colour: "accent", filled: true },
            { label: "failed", values: figures.failed, colour: "error-fill", filled: true },
          ]}
        />
      </section>
      <section aria-label="Failed">
        <h2>Failed</h2>
        <TimeChart
          {...shared}
          label="Share of calls that failed over time"
          format={formatShare}
          lines={[{ label: "failed", values: figures.share, colour: "error-fill", filled: true }]}
        />
      </section>
      <section className={styles.wide} aria-label="Durations">
        <h2>
          Durations {exemplars.length > 0 && <small className="muted">dots are some slow ● and failed ▲ traces</small>}
        </h2>
        <TimeChart
          {...shared}
          label="Quantiles of durations over time"
          format={formatDuration}
          logarithmic
          height={220}
          lines={[
            { label: "p50", values: figures.p50, colour: "hue-0" },
            { label: "p95", values: figures.p95, colour: "hue-1" },
            { label: "p99", values: figures.p99, colour: "hue-3", dash: [5, 4] },
          ]}
        >
          {(placeOf) => <Dots exemplars={exemplars} placeOf={placeOf} />}
        </TimeChart>
      </section>
    </div>
  );
}

/** Those that a finger can tell apart; where they lie too close a failed one stays, then the slower one. */
function apart(exemplars: readonly Exemplar[], placeOf: PlaceOf) {
  const shown: { readonly of: Exemplar; readonly place: { readonly x: number; readonly y: number } }[] = [];
  const first = exemplars.toSorted(
    (a, b) => Number(b.failed) - Number(a.failed) || b.durationNano - a.durationNano || a.startMs - b.startMs,
  );
  for (const of of first) {
    const place = placeOf(of.startMs, of.durationNano);
    const near = (other: typeof place) =>
      Math.max(Math.abs(other!.x - place!.x), Math.abs(other!.y - place!.y)) < TARGET;
    if (place !== undefined && !shown.some((other) => near(other.place))) shown.push({ of, place });
  }
  return shown.sort((a, b) => a.of.startMs - b.of.startMs);
}

function Dots({ exemplars, placeOf }: { readonly exemplars: readonly Exemplar[]; readonly placeOf: PlaceOf }) {
  return (
    <ul className={styles.dots} aria-label="Traces on the chart">
      {apart(exemplars, placeOf).map(({ place, of: { traceId, spanId, name, startMs, durationNano, failed } }) => {
        const text = `${name}, ${formatDuration(durationNano)}${failed ? ", failed" : ""}, ${formatAbsolute(startMs)}`;
        return (
          <li key={`${traceId} ${spanId}`} style={{ left: place.x, top: place.y }}>
            <Link
              to="/trace/$traceId"
              params={{ traceId }}
              search={{ span: spanId }}
              aria-label={text}
              title={text}
              data-failed={failed}
            />
          </li>
        );
      })}
    </ul>
  );
}
