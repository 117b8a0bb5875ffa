import { type ReactNode, useState } from "react";
import { formatCount } from "../../format/count.ts";
import styles from "./section.module.css";

/** A titled part that folds; its content is drawn only while it is open. */
export function Section({
  title,
  count,
  note,
  open,
  children,
}: {
  readonly title: string;
  readonly count?: number;
  readonly note?: string;
  readonly open: boolean;
  readonly children: ReactNode;
}) {
  const [shown, setShown] = useState(open);
  return (
    <details className={styles.section} open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <span className={styles.title}>{title}</span>
        {count !== undefined && <span className={styles.count}>{formatCount(count)}</span>}
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </summary>
      {shown && <div className={styles.body}>{children}</div>}
    </details>
  );
}
