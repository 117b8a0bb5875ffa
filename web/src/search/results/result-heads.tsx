import type { CSSProperties } from "react";
import { classNames } from "../../ui/class-names.ts";
import { fieldTitle } from "./result-fields.tsx";
import styles from "./result-row.module.css";

/** What the columns of the rows are; each row says it of itself to those who hear it. */
export function ResultHeads({ columns }: { readonly columns: readonly string[] }) {
  return (
    <div
      className={classNames(styles.line, styles.heads)}
      data-columns={columns.length}
      style={{ "--columns": columns.length } as CSSProperties}
      aria-hidden="true"
    >
      <span>Trace</span>
      {columns.map((field) => (
        <span key={field} dir="auto" title={field}>
          {fieldTitle(field)}
        </span>
      ))}
      <span>Services</span>
      <span className={styles.spans}>Spans</span>
      <span className={styles.time}>Began</span>
      <span className={styles.headOfDuration} title="From the first start to the last end of its spans">
        Trace duration
      </span>
    </div>
  );
}
