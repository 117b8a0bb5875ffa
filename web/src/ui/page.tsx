import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";
import styles from "./page.module.css";

/** The column that a page's content stands in; `full` for a picture that takes all the room there is. */
export function Page({ wide = false, children }: { readonly wide?: boolean | "full"; readonly children: ReactNode }) {
  return (
    <div className={styles.page} data-wide={wide}>
      {children}
    </div>
  );
}

/** A page's title; beside it a note, and at the other end its controls. */
export function PageHead({
  title,
  note,
  children,
}: {
  readonly title: string;
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      {note !== undefined && <span className={classNames("muted", styles.note)}>{note}</span>}
      {children}
    </div>
  );
}
