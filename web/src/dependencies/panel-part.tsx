import type { ReactNode } from "react";
import styles from "./map-panel.module.css";

/** A titled part of the panel. */
export function PanelPart({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.part}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
