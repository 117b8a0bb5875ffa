import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { UNREAD_ERROR } from "../../../../src/query/ui/error-text.ts";
import { counted, formatCount } from "../../format/count.ts";
import { formatAbsolute, formatMoment, formatRelative, nanoToMs } from "../../format/time.ts";
import { Chip, chipClass } from "../../ui/chip.tsx";
import { classNames } from "../../ui/class-names.ts";
import { Icon } from "../../ui/icon.tsx";
import { useServiceLooks } from "../../ui/service/service-looks.ts";
import { MatchedSpans, ResultCells } from "./result-fields.tsx";
import styles from "./result-row.module.css";
import { RowServices } from "./row-services.tsx";
import { TracePeek } from "./trace-peek.tsx";

/** Services in the tooltip of a row; a trace may have thousands. */
const MOST_NAMED = 12;

/** Attribute of the link that a whole row is. */
export const resultLink = "data-result";

interface RowPlace {
  readonly index: number;
  readonly of: number;
  /** px below the top of the list. */
  readonly offset: number;
  readonly measure: (row: HTMLElement | null) => void;
}

/** What all rows of a list share. */
export interface RowsShared {
  readonly longestNano: number;
  readonly nowMs: number;
  /** Fields that `trace.columns` are of. */
  readonly columns: readonly string[];
  /** The trace that is shown at a glance. */
  readonly peeked: string | undefined;
  /** The traces that were picked to be compared. */
  readonly picked: readonly string[];
  readonly onPick: (traceId: string) => void;
}

/** One trace of the results in a line: what it was, what is wrong with it, who took part, when and how long. */
export function ResultRow({
  trace,
  longestNano,
  nowMs,
  columns,
  peeked,
  picked,
  onPick,
  place,
}: RowsShared & {
  readonly trace: UiTraceSummary;
  /** Where it stands in a list of which only a part is there. */
  readonly place?: RowPlace;
}) {
  const startMs = nanoToMs(trace.startTimeUnixNano);
  const isPicked = picked.includes(trace.traceId);
  return (
    <li
      className={styles.result}
      data-trace={trace.traceId}
      data-error={trace.errorCount > 0}
      data-picked={isPicked}
      {...placed(place)}
    >
      <div
        className={styles.line}
        data-columns={columns.length}
        style={{ "--columns": columns.length } as CSSProperties}
      >
        <div className={styles.what}>
          <h3 className={styles.title}>
            <Link
              to="/trace/$traceId"
              params={{ traceId: trace.traceId }}
              search={{}}
              className={styles.whole}
              title={tooltip(trace, startMs)}
              {...{ [resultLink]: "" }}
            >
              <span className={styles.service}>{trace.rootService}</span> <span dir="auto">{trace.rootName}</span>
            </Link>
          </h3>
          <Marks trace={trace} />
        </div>
        <input
          type="checkbox"
          className={styles.pick}
          aria-label={`Compare ${trace.rootService} ${trace.rootName}, ${formatMoment(startMs, nowMs)}`}
          title="Compare with another one (c)"
          checked={isPicked}
          onChange={() => onPick(trace.traceId)}
        />
        <ResultCells fields={columns} values={trace.columns} />
        <RowServices services={trace.services} named={columns.length === 0} />
        <span className={styles.spans}>
          {formatCount(trace.spanCount)} <span className={styles.unit}>{trace.spanCount === 1 ? "span" : "spans"}</span>
        </span>
        <time className={styles.time} dateTime={new Date(startMs).toISOString()}>
          {formatRelative(startMs, nowMs)}{" "}
          <span className={classNames("muted", styles.moment)}>{formatMoment(startMs, nowMs)}</span>
        </time>
        <Duration trace={trace} longestNano={longestNano} />
      </div>
      <MatchedSpans trace={trace} />
      {peeked === trace.traceId && <TracePeek trace={trace} />}
    </li>
  );
}

/** What a row has no room for. */
function tooltip({ rootService, rootName, traceId, services, firstError }: UiTraceSummary, startMs: number): string {
  const names = services.slice(0, MOST_NAMED).map(({ name, spanCount }) => `${name} ${formatCount(spanCount)}`);
  if (services.length > MOST_NAMED) names.push("…");
  const lines = [`${rootService} ${rootName}`, formatAbsolute(startMs), names.join(", "), traceId];
  if (firstError !== undefined && firstError.text !== "") lines.splice(1, 0, firstError.text);
  return lines.join("\n");
}

/** What is wrong with a trace, and which of its spans were looked for. */
function Marks({ trace }: { readonly trace: UiTraceSummary }) {
  const { traceId, firstError, firstErrorUnread } = trace;
  const matched = trace.matchedCount < trace.spanCount ? trace.matchedSpans[0] : undefined;
  return (
    <>
      {!trace.hasRoot && (
        <Chip tone="warning" title="No span without a parent has arrived">
          <Icon name="broken" /> no root
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
          params={{ traceId }}
          search={{ span: matched }}
          title="Open the first matching span"
        >
          {formatCount(trace.matchedCount)} matching
        </Link>
      )}
      {trace.errorCount > 0 && (
        <span className={styles.errors} title={counted(trace.errorCount, "error")}>
          <Icon name="error" />
          {formatCount(trace.errorCount)}
          <span className="visually-hidden">{trace.errorCount === 1 ? " error" : " errors"}</span>
        </span>
      )}
      {firstErrorUnread !== undefined && (
        <p className={styles.error} data-part="first-error" title="The trace's page has it">
          <span className="muted">first error not read: {UNREAD_ERROR[firstErrorUnread]}</span>
        </p>
      )}
      {firstError !== undefined && (
        <p className={styles.error} data-part="first-error" title={firstError.text}>
          <Link to="/trace/$traceId" params={{ traceId }} search={{ span: firstError.spanId }}>
            <span className={styles.service}>{firstError.service}</span> <span dir="auto">{firstError.name}</span>
          </Link>
          {firstError.text !== "" && (
            <>
              {" "}
              <span className="error-text" dir="auto">
                {firstError.text}
              </span>
            </>
          )}
        </p>
      )}
    </>
  );
}

/** How long it took, and how that is beside the longest of the list. */
function Duration({ trace, longestNano }: { readonly trace: UiTraceSummary; readonly longestNano: number }) {
  const look = useServiceLooks()(trace.rootService);
  const nano = Number(trace.durationNano);
  return (
    <span className={styles.duration}>
      {formatDuration(trace.durationUnknown === true ? undefined : nano)}
      <span className={styles.bar} aria-hidden="true">
        <span
          data-hue={look.hue}
          data-pattern={look.pattern}
          style={{ width: `${Math.max(0.8, (nano / longestNano) * 100)}%` }}
        />
      </span>
    </span>
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
