import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";
import styles from "./data-table.module.css";

/** For cells that hold a number, and for columns that narrow screens leave out. */
export const numberClass = styles.number;
export const spareNumberClass = classNames(styles.number, styles.spare);

/** A table of figures; `plain` has no frame. */
export function DataTable({
  plain = false,
  className,
  children,
}: {
  readonly plain?: boolean;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}) {
  return <table className={classNames(styles.table, plain ? styles.plain : undefined, className)}>{children}</table>;
}
