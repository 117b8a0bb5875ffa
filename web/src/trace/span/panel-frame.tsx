import type { ReactNode } from "react";
import { IconButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Splitter } from "../../ui/split/splitter.tsx";
import styles from "./panel-frame.module.css";
import { usePanelSize } from "./use-panel-size.ts";

/**
 * The part beside the timeline or below it, as somebody wants it, or over its lower half on a narrow screen; Escape
 * closes it.
 */
export function PanelFrame({
  label,
  onClose,
  children,
}: {
  readonly label: string;
  readonly onClose: () => void;
  /** What stands in it; it is given the button that puts the panel elsewhere. */
  readonly children: (dockButton: ReactNode) => ReactNode;
}) {
  const { dock, size, least, most, setSize, setDock } = usePanelSize();
  const right = dock === "right";
  const elsewhere = right ? "Put the panel below the timeline" : "Put the panel beside the timeline";
  const dockButton = (
    <span className={styles.dock}>
      <IconButton aria-label={elsewhere} title={elsewhere} onClick={() => setDock(right ? "bottom" : "right")}>
        <Icon name={right ? "dockBottom" : "dockRight"} />
      </IconButton>
    </span>
  );
  return (
    <aside
      className={styles.panel}
      data-dock={dock}
      style={right ? { width: size } : { height: size }}
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <Splitter
        label={right ? "Width of the panel" : "Height of the panel"}
        className={styles.splitter}
        size={size}
        least={least}
        most={most}
        grows={right ? "left" : "up"}
        onSize={setSize}
      />
      <div className={styles.content}>{children(dockButton)}</div>
    </aside>
  );
}
