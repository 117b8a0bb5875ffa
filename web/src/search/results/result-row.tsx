import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../../format/count.ts";
import { formatAbsolute, formatMoment, formatRelative, nanoToMs } from "../../format/time.ts";
import { shortTraceId } from "../../format/trace-id.ts";
import { Chip, chipClass } from "../../ui/chip.tsx";
import { classNames } from "../../ui/class-names.ts";
import { Icon } from "../../ui/icon.tsx";
import { useServiceLooks } from "../../ui/service/service-looks.ts";
import { ServiceChips } from "../../ui/service-chips.tsx";
import { MatchedSpans, ResultColumns } from "./result-fields.tsx";
import styles from "./result-row.module.css";
import { TracePeek } from "./trace-peek.tsx";

const CHIPS = 6;

/** Attribute of the link that a whole row is. */
export const resultLink = "data-result";

interface RowPlace {
  readonly index: number;
  readonly of: number;
  /** px below the top of the list. */
  readonly offset: number;
  readonly measure: (row: HTMLElement | null) => void;
}

/** One trace of the results: what it was, how long, when, and what is wrong with it. */
export function ResultRow({
  trace,
  longestNano,
  nowMs,
  columns,
  peeked,
  place,
}: {
  readonly trace: UiTraceSummary;
  readonly longestNano: number;
  readonly nowMs: number;
  /** Fields that `trace.columns` are of. */
  readonly columns: readonly string[];
  /** The trace that is shown at a glance. */
  readonly peeked: string | undefined;
  /** Where it stands in a list of which only a part is there. */
  readonly place?: RowPlace;
}) {
  const lookOf = useServiceLooks();
  const rootLook = lookOf(trace.rootService);
  const duration = Number(trace.durationNano);
  const startMs = nanoToMs(trace.startTimeUnixNano);
  const services = trace.services
    .toSorted((a, b) => b.spanCount - a.spanCount)
    .map(({ name, spanCount, errorCount }) => {
      return { name, look: lookOf(name), spans: spanCount, errors: errorCount };
    });
  const matched = trace.matchedCount < trace.spanCount ? trace.matchedSpans[0] : undefined;
  return (
    <li className={styles.result} data-trace={trace.traceId} data-error={trace.errorCount > 0} {...placed(place)}>
      <div className={styles.head}>
        <h3 className={styles.title}>
          <Link
            to="/trace/$traceId"
            params={{ traceId: trace.traceId }}
            search={{}}
            className={styles.whole}
            {...{ [resultLink]: "" }}
          >
            <span className={styles.service}>{trace.rootService}</span> <span dir="auto">{trace.rootName}</span>
          </Link>
          {!trace.hasRoot && (
            <Chip tone="warning" title="No span without a parent has arrived">
              <Icon name="broken" /> no root
            </Chip>
          )}
        </h3>
        <span className={classNames("mono muted", styles.id)} title={trace.traceId}>
          {shortTraceId(trace.traceId)}
        </span>
        <span className={styles.duration}>{formatDuration(trace.durationUnknown === true ? undefined : duration)}</span>
      </div>
      <div className={styles.bar} aria-hidden="true">
        <span
          data-hue={rootLook.hue}
          data-pattern={rootLook.pattern}
          style={{ width: `${Math.max(0.4, (duration / longestNano) * 100)}%` }}
        />
      </div>
      {trace.firstError !== undefined && (
        <p className={styles.error} data-part="first-error">
          <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{ span: trace.firstError.spanId }}>
            <span className={styles.service}>{trace.firstError.service}</span>{" "}
            <span dir="auto">{trace.firstError.name}</span>
          </Link>
          {trace.firstError.text !== "" && (
            <span className="error-text" dir="auto">
              {trace.firstError.text}
            </span>
          )}
        </p>
      )}
      <div className={styles.facts}>
        <time dateTime={new Date(startMs).toISOString()} title={formatAbsolute(startMs)}>
          {formatRelative(startMs, nowMs)}{" "}
          <span className={classNames("muted", styles.moment)}>{formatMoment(startMs, nowMs)}</span>
        </time>
        <span>{counted(trace.spanCount, "span")}</span>
        {trace.errorCount > 0 && (
          <Chip tone="error">
            <Icon name="error" /> {counted(trace.errorCount, "error")}
          </Chip>
        )}
        {trace.orphanCount > 0 && (
          <Chip tone="warning" title="Spans whose parent has not arrived">
            <Icon name="broken" /> {formatCount(trace.orphanCount)} orphaned
          </Chip>
        )}
        {matched !== undefined && (
          <Link
            className={classNames(chipClass, styles.matching)}
            to="/trace/$traceId"
            params={{ traceId: trace.traceId }}
            search={{ span: matched }}
            title="Open the first matching span"
          >
            {formatCount(trace.matchedCount)} matching
          </Link>
        )}
        <ul className={styles.services} aria-label="Services">
          <ServiceChips services={services} shown={CHIPS} as="li" />
        </ul>
      </div>
      <ResultColumns fields={columns} values={trace.columns} />
      <MatchedSpans trace={trace} />
      {peeked === trace.traceId && <TracePeek trace={trace} />}
    </li>
  );
}

function placed(place: RowPlace | undefined) {
  if (place === undefined) return {};
  return {
    ref: place.measure,
    "data-index": place.index,
    "aria-setsize": place.of,
    "aria-posinset": place.index + 1,
    style: { position: "absolute", insetInline: 0, top: 0, transform: `translateY(${place.offset}px)` },
  } as const;
}
