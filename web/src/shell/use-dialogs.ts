import { useEffect, useState } from "react";
import { isPaletteShortcut, isShortcut } from "./shortcuts.ts";

/** Which of the frame's dialogs is open, and the keys that open them. `preload` begins to load the palette. */
export function useDialogs(preload: () => void) {
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Who presses it is about to press the other key.
      if (event.key === "Control" || event.key === "Meta") preload();
      const opensPalette = isPaletteShortcut(event);
      if (!opensPalette && !isShortcut(event, "?")) return;
      event.preventDefault();
      if (opensPalette) setPalette((open) => !open);
      else setHelp(true);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [preload]);
  return { help, setHelp, palette, setPalette };
}
