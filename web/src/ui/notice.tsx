import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";
import styles from "./notice.module.css";

/** A sentence that stands out: what failed, what is partial, what to do about it. */
export function Notice({
  tone,
  title,
  children,
  action,
  className,
}: {
  readonly tone: "info" | "warning" | "error";
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly className?: string | undefined;
}) {
  const icon: IconName = tone === "error" ? "error" : "warning";
  return (
    <div className={classNames(styles.notice, className)} data-tone={tone} role={tone === "error" ? "alert" : "status"}>
      <Icon name={icon} />
      <div className={styles.text}>
        <strong>{title}</strong>
        {children !== undefined && <div>{children}</div>}
      </div>
      {action}
    </div>
  );
}
