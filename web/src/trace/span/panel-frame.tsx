import type { ReactNode } from "react";
import { Splitter } from "../../ui/split/splitter.tsx";
import styles from "./panel-frame.module.css";
import { LEAST_PANEL_WIDTH, usePanelWidth } from "./use-panel-width.ts";

/** The part beside the timeline, or over its lower half on a narrow screen; Escape closes it. */
export function PanelFrame({
  label,
  onClose,
  children,
}: {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { width, most, set } = usePanelWidth();
  return (
    <aside
      className={styles.panel}
      style={{ width }}
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <Splitter
        label="Width of the panel"
        className={styles.splitter}
        width={width}
        least={LEAST_PANEL_WIDTH}
        most={most}
        grows="left"
        onWidth={(next) => set(Math.min(most, next))}
      />
      <div className={styles.content}>{children}</div>
    </aside>
  );
}
