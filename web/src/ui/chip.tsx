import type { ReactNode } from "react";
import styles from "./chip.module.css";

/** For a chip that is a link or a list's entry. */
export const chipClass = styles.chip;

/** A short fact in a rounded frame. */
export function Chip({
  tone,
  title,
  children,
}: {
  readonly tone?: "ok" | "warning" | "error" | undefined;
  readonly title?: string;
  readonly children: ReactNode;
}) {
  return (
    <span className={styles.chip} data-tone={tone} title={title}>
      {children}
    </span>
  );
}
