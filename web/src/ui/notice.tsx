import type { ReactNode } from "react";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";

/** A sentence that stands out: what failed, what is partial, what to do about it. */
export function Notice({
  tone,
  title,
  children,
  action,
}: {
  readonly tone: "info" | "warning" | "error";
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  const icon: IconName = tone === "error" ? "error" : "warning";
  return (
    <div className="notice" data-tone={tone} role={tone === "error" ? "alert" : "status"}>
      <Icon name={icon} />
      <div className="notice-text">
        <strong>{title}</strong>
        {children !== undefined && <div>{children}</div>}
      </div>
      {action}
    </div>
  );
}
