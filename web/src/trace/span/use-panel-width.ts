import { useStoredWidth } from "../../ui/split/use-stored-width.ts";

/** The least width of the panel, CSS pixels. */
export const LEAST_PANEL_WIDTH = 300;

/** Width of the panel beside the timeline: remembered, and never more than 70 % of the window. */
export function usePanelWidth(): {
  readonly width: number;
  readonly most: number;
  readonly set: (width: number) => void;
} {
  const { wanted, room, set } = useStoredWidth("panelWidth", LEAST_PANEL_WIDTH);
  const most = Math.max(LEAST_PANEL_WIDTH, Math.round(room * 0.7));
  const standard = Math.min(480, Math.round(room * 0.42));
  return { width: Math.max(LEAST_PANEL_WIDTH, Math.min(wanted ?? standard, most)), most, set };
}
