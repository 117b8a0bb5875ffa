import { type ReactNode, useState } from "react";
import { formatCount } from "../../format/count.ts";
import { storedSetting, storeSetting } from "../../ui/stored-setting.ts";
import styles from "./section.module.css";

/**
 * A titled part that folds; its content is drawn only while it is open. Whether it is is kept under its title, for
 * every span that is opened from then on.
 */
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
  /** Where nobody has said otherwise. */
  readonly open: boolean;
  readonly children: ReactNode;
}) {
  const setting = `section.${title}`;
  const [shown, setShown] = useState(() => {
    const kept = storedSetting(setting);
    return kept === undefined ? open : kept === "open";
  });
  const show = (next: boolean) => {
    if (next === shown) return;
    setShown(next);
    storeSetting(setting, next === open ? undefined : next ? "open" : "closed");
  };
  return (
    <details className={styles.section} open={shown} onToggle={(event) => show(event.currentTarget.open)}>
      <summary>
        <span className={styles.title}>{title}</span>
        {count !== undefined && <span className={styles.count}>{formatCount(count)}</span>}
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </summary>
      {shown && <div className={styles.body}>{children}</div>}
    </details>
  );
}
