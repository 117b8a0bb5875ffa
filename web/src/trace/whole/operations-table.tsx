import { useMemo } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { formatCount } from "../../format/count.ts";
import { formatShare } from "../../format/share.ts";
import { LinkButton } from "../../ui/button.tsx";
import { DataTable, numberClass, spareNumberClass } from "../../ui/data-table.tsx";
import { ServiceSwatch } from "../../ui/service/service-swatch.tsx";
import { type OperationOrder, type OperationTimes, operationTimes, sortOperations } from "../model/operations.ts";
import { shownOperation, shownService, type TraceModel } from "../model/trace-model.ts";
import styles from "./operations-table.module.css";

/** More are not listed. */
const LISTED = 500;

const COLUMNS: readonly { readonly order: OperationOrder; readonly title: string; readonly hint?: string }[] = [
  { order: "spans", title: "Spans" },
  { order: "total", title: "Total", hint: "Of all durations, also of those that ran side by side" },
  { order: "self", title: "Self", hint: "Time in which none of their children ran" },
  { order: "longest", title: "Longest" },
  { order: "errors", title: "Errors" },
];

/** The operations of a trace with what their spans took together; a press shows the longest of them. */
export function OperationsTable({
  model,
  order,
  onOrder,
  onShow,
}: {
  readonly model: TraceModel;
  readonly order: OperationOrder;
  readonly onOrder: (order: OperationOrder) => void;
  readonly onShow: (row: number) => void;
}) {
  const { columns, times } = model;
  const operations = useMemo(() => operationTimes(columns, times.self), [columns, times]);
  const sorted = useMemo(() => sortOperations(operations, order, columns), [operations, order, columns]);
  const self = useMemo(() => operations.reduce((sum, one) => sum + one.self, 0), [operations]);
  const head = (wanted: OperationOrder, title: string, hint?: string) => (
    <button type="button" className={styles.sort} title={hint} onClick={() => onOrder(wanted)}>
      {title}
      {order === wanted && <span aria-hidden="true"> {wanted === "name" ? "↑" : "↓"}</span>}
    </button>
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles.scroll} aria-label="Operations" tabIndex={0}>
      <DataTable plain className={styles.table}>
        <thead>
          <tr>
            <th scope="col" aria-sort={order === "name" ? "ascending" : undefined}>
              {head("name", "Service and operation")}
            </th>
            {COLUMNS.map(({ order: one, title, hint }) => (
              <th
                key={one}
                scope="col"
                className={one === "total" || one === "longest" ? spareNumberClass : numberClass}
                aria-sort={order === one ? "descending" : undefined}
              >
                {head(one, title, hint)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, LISTED).map((one) => (
            <Row key={`${one.service}.${one.name}`} model={model} operation={one} self={self} onShow={onShow} />
          ))}
        </tbody>
      </DataTable>
      {sorted.length > LISTED && (
        <p className={styles.rest}>
          The first {LISTED} of {formatCount(sorted.length)} operations in this order.
        </p>
      )}
    </section>
  );
}

function Row({
  model,
  operation,
  self,
  onShow,
}: {
  readonly model: TraceModel;
  readonly operation: OperationTimes;
  /** Of all operations, ns. */
  readonly self: number;
  readonly onShow: (row: number) => void;
}) {
  const { columns, looks } = model;
  const share = self > 0 ? operation.self / self : 0;
  return (
    <tr>
      <th scope="row" className={styles.name}>
        <span className={styles.operation}>
          <ServiceSwatch look={looks[operation.service]!} /> <b>{shownService(columns, operation.row)}</b>{" "}
          <LinkButton title="Show the longest of them" onClick={() => onShow(operation.row)}>
            <bdi>{shownOperation(columns, operation.row)}</bdi>
          </LinkButton>
        </span>
      </th>
      <td className={numberClass}>{formatCount(operation.spans)}</td>
      <td className={spareNumberClass}>{formatDuration(operation.total)}</td>
      <td className={numberClass}>
        {formatDuration(operation.self)} <span className={styles.share}>{formatShare(share)}</span>
      </td>
      <td className={spareNumberClass}>{formatDuration(operation.longest)}</td>
      <td className={numberClass} data-errors={operation.errors > 0}>
        {operation.errors > 0 ? <span className="error-text">{formatCount(operation.errors)}</span> : "0"}
      </td>
    </tr>
  );
}
