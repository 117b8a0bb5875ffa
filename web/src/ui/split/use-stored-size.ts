import { useEffect, useState } from "react";
import { storedSetting, storeSetting } from "../stored-setting.ts";

/** Size of a part in CSS pixels as somebody dragged it, kept under a name, and that of the window in the same way. */
export function useStoredSize(
  setting: string,
  least: number,
  along: "width" | "height" = "width",
): { readonly wanted: number | undefined; readonly room: number; readonly set: (width: number) => void } {
  const [wanted, setWanted] = useState(() => storedSize(setting, least));
  const [room, setRoom] = useState(() => windowSize(along));
  useEffect(() => {
    const onResize = () => setRoom(windowSize(along));
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, [along]);
  const set = (next: number) => {
    const rounded = Math.round(Math.max(least, next));
    setWanted(rounded);
    storeSetting(setting, String(rounded));
  };
  return { wanted, room, set };
}

function windowSize(along: "width" | "height"): number {
  const { clientWidth, clientHeight } = document.documentElement;
  return along === "width" ? clientWidth : clientHeight;
}

function storedSize(setting: string, least: number): number | undefined {
  const value = Number(storedSetting(setting));
  return Number.isFinite(value) && value >= least ? value : undefined;
}
