import type { ReactNode } from "react";
import styles from "./empty-note.module.css";

/** What stands where nothing was found: that, and what can be done about it. */
export function EmptyNote({ children }: { readonly children: ReactNode }) {
  return <div className={styles.note}>{children}</div>;
}
