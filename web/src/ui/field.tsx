import type { ReactNode } from "react";
import styles from "./field.module.css";

/**
 * A labelled control of a form, and below it what is wrong with it, or else a hint; `${id}-note` describes the control.
 */
export function Field({
  id,
  label,
  hint,
  problem,
  children,
}: {
  /** Of the control. */
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly problem?: string | undefined;
  readonly children: ReactNode;
}) {
  const note = problem ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      {note !== undefined && (
        <span id={`${id}-note`} className={problem === undefined ? styles.hint : styles.problem}>
          {note}
        </span>
      )}
    </div>
  );
}
