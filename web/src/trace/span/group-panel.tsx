import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { STATUS_CODE } from "../../../../src/model/span.ts";
import { rowStart } from "../../../../src/query/ui/columns-format.ts";
import { spanQuery } from "../../api/queries.ts";
import { counted, formatCount } from "../../format/count.ts";
import { IconButton, LinkButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { ServiceSwatch } from "../../ui/service/service-swatch.tsx";
import {
  durationHistogram,
  type HistogramStep,
  memberRows,
  sampleOf,
  slowestRows,
  varyingAttributes,
} from "../model/group-stats.ts";
import type { SiblingGroup } from "../model/sibling-groups.ts";
import { shownOperation, shownService, spanIdOf, type TraceModel } from "../model/trace-model.ts";
import styles from "./group-panel.module.css";
import { PanelFrame } from "./panel-frame.tsx";
import { Section } from "./section.tsx";
import { valueText } from "./value-text.ts";

const STEPS = 24;
const SLOWEST = 5;
/** Of a group, so many spans are asked for, and of an attribute so many values are shown. */
const SAMPLE = 12;
const VALUES = 4;
const ATTRIBUTES = 12;
/** Of a value, so many characters are shown. */
const LONGEST = 120;

/** A closed group of equal siblings: how long they took, the slowest, and in what they differ. */
export function GroupPanel({
  model,
  group,
  onClose,
  onShow,
}: {
  readonly model: TraceModel;
  readonly group: SiblingGroup;
  readonly onClose: () => void;
  readonly onShow: (row: number) => void;
}) {
  const { columns, layout } = model;
  const rows = useMemo(() => memberRows(group, layout), [group, layout]);
  const steps = useMemo(() => durationHistogram(columns, rows, STEPS), [columns, rows]);
  const slowest = useMemo(() => slowestRows(columns, rows, SLOWEST), [columns, rows]);
  const service = columns.service[group.head]!;
  const errors = rows.filter((row) => columns.status[row] === STATUS_CODE.error).length;
  return (
    <PanelFrame label="Group" onClose={onClose}>
      {(dockButton) => (
        <>
          <div className={styles.head}>
            <div className={styles.title}>
              <ServiceSwatch look={model.looks[service]!} />
              <b>{shownService(columns, group.head)}</b>
              <span className={styles.times}>×{formatCount(group.members)}</span>
              <div className={styles.tools}>
                {dockButton}
                <IconButton aria-label="Close the group (Esc)" onClick={onClose}>
                  <Icon name="close" />
                </IconButton>
              </div>
            </div>
            <h2 dir="auto">{shownOperation(columns, group.head)}</h2>
            <p className={styles.facts}>
              {formatDuration(group.total)} in total · median {formatDuration(group.median)} · longest{" "}
              {formatDuration(group.longest)}
              {errors > 0 && (
                <>
                  {" · "}
                  <span className="error-text">{counted(errors, "error")}</span>
                </>
              )}
            </p>
          </div>
          <Section title="Durations" open>
            <Histogram steps={steps} />
          </Section>
          <Section title="Slowest" open>
            <ol>
              {slowest.map((row) => (
                <li key={row} className={styles.slow}>
                  <LinkButton onClick={() => onShow(row)}>{formatDuration(columns.duration[row])}</LinkButton>
                  <span className="muted">at {formatDuration(rowStart(columns, row))}</span>
                  {columns.status[row] === STATUS_CODE.error && <span className="error-text">error</span>}
                </li>
              ))}
            </ol>
          </Section>
          <Varying model={model} rows={rows} slowest={slowest} />
        </>
      )}
    </PanelFrame>
  );
}

function Histogram({ steps }: { readonly steps: readonly HistogramStep[] }) {
  const most = Math.max(...steps.map(({ count }) => count));
  const [first, last] = [steps[0]!, steps.at(-1)!];
  return (
    <div role="img" aria-label={histogramText(steps)}>
      <div className={styles.histogram} aria-hidden="true">
        {steps.map(({ from, to, count }) => (
          <span
            key={from}
            title={`${formatDuration(from)} to ${formatDuration(to)}: ${formatCount(count)}`}
            style={{ height: `${count === 0 ? 0 : Math.max(4, (100 * count) / most)}%` }}
          />
        ))}
      </div>
      <div className={styles.scale} aria-hidden="true">
        <span>{formatDuration(first.from)}</span>
        <span>{formatDuration(last.to)}</span>
      </div>
    </div>
  );
}

function histogramText(steps: readonly HistogramStep[]): string {
  const filled = steps.filter(({ count }) => count > 0);
  return `Durations: ${filled.map(({ from, to, count }) => `${count} of ${formatDuration(from)} to ${formatDuration(to)}`).join(", ")}`;
}

/** Attributes of some of the spans that are not the same in all of them. */
function Varying({
  model,
  rows,
  slowest,
}: {
  readonly model: TraceModel;
  readonly rows: readonly number[];
  readonly slowest: readonly number[];
}) {
  const { columns } = model;
  const sample = useMemo(() => sampleOf(rows, slowest, SAMPLE), [rows, slowest]);
  const answers = useQueries({
    queries: sample.map((row) => spanQuery(columns.traceId, spanIdOf(columns, row), columns.kind[row]!)),
  });
  const spans = answers.flatMap(({ data }) => data?.spans.slice(0, 1) ?? []);
  const pending = answers.some(({ isPending }) => isPending);
  const failed = answers.some(({ isError }) => isError);
  const varying = pending
    ? []
    : varyingAttributes(spans.map((span) => new Map(span.attributes.map((one) => [one.key, valueText(one)]))));
  return (
    <Section title="Attributes that vary" open>
      <p className="muted">
        {pending ? "Looking" : `Of ${spans.length} of ${counted(rows.length, "span")}, the slowest among them`}
        {failed ? "; some could not be loaded" : ""}
      </p>
      {!pending && varying.length === 0 && <p>None</p>}
      <dl className={styles.varying}>
        {varying.slice(0, ATTRIBUTES).map(({ key, values }) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              {values.slice(0, VALUES).map(([value, count]) => (
                <span key={value === undefined ? "absent" : `=${value}`} className={styles.value}>
                  <ValueText value={value} /> <b>{count}</b>
                </span>
              ))}
              {values.length > VALUES && <span className="muted">{values.length - VALUES} more values</span>}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

/** A value, cut; one that has no letters is told from a span without the attribute. */
function ValueText({ value }: { readonly value: string | undefined }) {
  if (value === undefined) return <i>absent</i>;
  return value.trim() === "" ? <i>blank</i> : <bdi>{value.slice(0, LONGEST)}</bdi>;
}
