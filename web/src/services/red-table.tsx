import type { ReactNode } from "react";
import { classNames } from "../ui/class-names.ts";
import { DataTable, numberClass } from "../ui/data-table.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./red-table.module.css";
import type { Sort, SortKey } from "./service-rows.ts";

const FIGURES: readonly { readonly key: SortKey; readonly title: string }[] = [
  { key: "rate", title: "Rate" },
  { key: "errors", title: "Errors" },
  { key: "p50", title: "p50" },
  { key: "p95", title: "p95" },
  { key: "p99", title: "p99" },
];

/** A table of rates, errors and durations that is sorted by its headings; `children` are its bodies. */
export function SortedRedTable({
  of,
  sort,
  onSort,
  children,
}: {
  /** What a row is. */
  readonly of: string;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles.scroll}>
      <DataTable className={styles.table}>
        <thead>
          <tr>
            {[{ key: "name" as const, title: of }, ...FIGURES].map((column) => (
              <SortHeader key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
            <th scope="col" className={styles.spark}>
              Rate and errors
            </th>
            <th scope="col" className={styles.spark}>
              p95 over time
            </th>
          </tr>
        </thead>
        {children}
      </DataTable>
    </div>
  );
}

function SortHeader({
  column: { key, title },
  sort,
  onSort,
}: {
  readonly column: (typeof FIGURES)[number];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}) {
  const active = sort.key === key;
  return (
    <th
      scope="col"
      className={key === "name" ? undefined : classNames(numberClass)}
      aria-sort={!active ? undefined : sort.descending ? "descending" : "ascending"}
    >
      <button
        type="button"
        className={styles.sort}
        onClick={() => onSort({ key, descending: active ? !sort.descending : key !== "name" })}
      >
        {title}
        {active && <Icon name={sort.descending ? "down" : "up"} />}
      </button>
    </th>
  );
}
