import type { ReactNode } from "react";
import styles from "./card.module.css";

/** A titled part of the page. */
export function Card({
  title,
  wide = false,
  children,
}: {
  readonly title: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <section className={styles.card} data-wide={wide} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
