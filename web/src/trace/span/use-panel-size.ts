import { useState } from "react";
import { useStoredSize } from "../../ui/split/use-stored-size.ts";
import { storedSetting, storeSetting } from "../../ui/stored-setting.ts";

/** The least width of the panel, and its least height, CSS pixels. */
const LEAST = { right: 300, bottom: 160 } as const;
/** The most of the window that it takes. */
const MOST = 0.7;

export type Dock = keyof typeof LEAST;

export interface PanelSize {
  readonly dock: Dock;
  /** Width where it stands right of the timeline, height where below. */
  readonly size: number;
  readonly least: number;
  readonly most: number;
  setSize(size: number): void;
  setDock(dock: Dock): void;
}

/** Where the panel stands and how large it is there: remembered, and never more than 70 % of the window. */
export function usePanelSize(): PanelSize {
  const [dock, setDock] = useState<Dock>(() => (storedSetting("panelDock") === "bottom" ? "bottom" : "right"));
  const width = useStoredSize("panelWidth", LEAST.right);
  const height = useStoredSize("panelHeight", LEAST.bottom, "height");
  const { wanted, room, set } = dock === "right" ? width : height;
  const least = LEAST[dock];
  const most = Math.max(least, Math.round(room * MOST));
  const standard = dock === "right" ? Math.min(480, Math.round(room * 0.42)) : Math.round(room * 0.4);
  return {
    dock,
    size: Math.max(least, Math.min(wanted ?? standard, most)),
    least,
    most,
    setSize: (size) => set(Math.min(most, size)),
    setDock: (next) => {
      setDock(next);
      storeSetting("panelDock", next === "right" ? undefined : next);
    },
  };
}
