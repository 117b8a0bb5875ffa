import { useEffect, useState } from "react";
import { storedSetting, storeSetting } from "../stored-setting.ts";

/** Width of a part in CSS pixels as somebody dragged it, kept under a name, and the width of the window. */
export function useStoredWidth(
  setting: string,
  least: number,
): { readonly wanted: number | undefined; readonly room: number; readonly set: (width: number) => void } {
  const [wanted, setWanted] = useState(() => storedWidth(setting, least));
  const [room, setRoom] = useState(() => document.documentElement.clientWidth);
  useEffect(() => {
    const onResize = () => setRoom(document.documentElement.clientWidth);
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);
  const set = (next: number) => {
    const rounded = Math.round(Math.max(least, next));
    setWanted(rounded);
    storeSetting(setting, String(rounded));
  };
  return { wanted, room, set };
}

function storedWidth(setting: string, least: number): number | undefined {
  const value = Number(storedSetting(setting));
  return Number.isFinite(value) && value >= least ? value : undefined;
}
