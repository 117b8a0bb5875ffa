import { useMemo } from "react";
import { zoneName } from "../format/time-zone.ts";
import { applyTheme, THEMES, type Theme } from "../shell/theme.ts";
import { applyZone } from "../shell/time-zone.ts";
import { copyText } from "../ui/copy-text.ts";

export interface PaletteProps {
  readonly onClose: () => void;
  /** Opens the list of keys. */
  readonly onHelp: () => void;
}

const THEME_NAMES: Readonly<Record<Theme, string>> = {
  system: "Colours as the system has them",
  light: "Light colours",
  dark: "Dark colours",
};

/** What the palette can do besides leading somewhere. */
export function useActions(onHelp: () => void) {
  return useMemo(() => {
    const does = new Map<string, { readonly title: string; readonly act: () => void }>([
      ["copy-link", { title: "Copy the link to this page", act: () => void copyText(location.href) }],
      ...THEMES.map((theme) => [theme, { title: THEME_NAMES[theme], act: () => applyTheme(theme) }] as const),
      ["zone-utc", { title: "Times in UTC", act: () => applyZone("utc") }],
      [
        "zone-local",
        { title: `Times of this machine, ${zoneName(Date.now(), "local")}`, act: () => applyZone("local") },
      ],
      ["keys", { title: "Keyboard shortcuts", act: onHelp }],
    ]);
    return {
      actions: [...does].map(([id, { title }]) => ({ id, title })),
      act: (id: string) => does.get(id)?.act(),
    };
  }, [onHelp]);
}
