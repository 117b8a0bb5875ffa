import { useStoredSize } from "../../ui/split/use-stored-size.ts";

/** The least width of the name column, CSS pixels. */
export const LEAST_NAME_WIDTH = 120;

/** Width of the name column: remembered, and never more than 60 % of the window. */
export function useNameWidth(): readonly [number, (width: number) => void] {
  const { wanted, room, set } = useStoredSize("nameWidth", LEAST_NAME_WIDTH);
  const standard = Math.min(420, Math.max(180, Math.round(room * 0.34)));
  return [Math.max(LEAST_NAME_WIDTH, Math.min(wanted ?? standard, Math.round(room * 0.6))), set];
}
