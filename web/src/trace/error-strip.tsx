import { useQuery } from "@tanstack/react-query";
import { SPAN_KIND } from "../../../src/model/span.ts";
import { firstErrorRow } from "../../../src/query/analysis/first-error-row.ts";
import { spanQuery } from "../api/queries.ts";
import { counted } from "../format/count.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./error-strip.module.css";
import { pathTo } from "./model/layout.ts";
import { shownOperation, shownService, spanIdOf, type TraceModel } from "./model/trace-model.ts";

/** How many spans failed, the path to where the first failure began and what it says; steps through all of them. */
export function ErrorStrip({
  model,
  onShow,
  onStep,
}: {
  readonly model: TraceModel;
  readonly onShow: (row: number) => void;
  readonly onStep: (direction: 1 | -1) => void;
}) {
  const { columns, layout } = model;
  const origin = firstErrorRow(columns);
  const known = origin !== undefined;
  const spanId = known ? spanIdOf(columns, origin) : "";
  const { data } = useQuery({
    ...spanQuery(columns.traceId, spanId, known ? columns.kind[origin]! : SPAN_KIND.unspecified),
    enabled: known,
  });
  if (!known) return null;
  const why = data?.spans.map((span) => span.errorText).find((text) => text !== "");
  const path = pathTo(layout, origin);
  const shown = path.length <= 3 ? path : [path[0]!, ...path.slice(-2)];
  const name = (row: number) => `${shownService(columns, row)} ${shownOperation(columns, row)}`;
  const count = model.errorRows.length;
  return (
    <nav className={styles.strip} aria-label="Errors">
      <span className={styles.count}>
        <Icon name="error" /> {counted(count, "error")}
      </span>
      <span className={styles.first}>{count === 1 ? "in" : "first in"}</span>
      <ol className={styles.path} aria-label="Path to the first error">
        {shown.map((row, index) => (
          <li key={row}>
            {index === 1 && path.length > 3 && (
              <span className={styles.between} title={path.slice(1, -2).map(name).join(" › ")}>
                {path.length - 3} between ›{" "}
              </span>
            )}
            <button type="button" title={name(row)} onClick={() => onShow(row)}>
              <b>{shownService(columns, row)}</b> <bdi>{shownOperation(columns, row)}</bdi>
            </button>
          </li>
        ))}
      </ol>
      {why !== undefined && (
        <bdi className={styles.why} title={why}>
          {why}
        </bdi>
      )}
      <IconButton small title="Previous error (E)" aria-label="Previous error" onClick={() => onStep(-1)}>
        <Icon name="up" />
      </IconButton>
      <IconButton small title="Next error (e)" aria-label="Next error" onClick={() => onStep(1)}>
        <Icon name="down" />
      </IconButton>
    </nav>
  );
}
