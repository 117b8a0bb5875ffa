import { useSyncExternalStore } from "react";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import type { IconName } from "../ui/icon-paths.ts";
import { applyTheme, onThemeChange, shownTheme, THEMES, type Theme } from "./theme.ts";

const LOOKS: Readonly<Record<Theme, { icon: IconName; name: string }>> = {
  system: { icon: "system", name: "as the system" },
  light: { icon: "sun", name: "light" },
  dark: { icon: "moon", name: "dark" },
};

/** Goes round system, light and dark. */
export function ThemeButton() {
  const theme = useSyncExternalStore(onThemeChange, shownTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  const label = `Colours: ${LOOKS[theme].name}. Switch to ${LOOKS[next].name}`;
  return (
    <IconButton title={label} aria-label={label} onClick={() => applyTheme(next)}>
      <Icon name={LOOKS[theme].icon} />
    </IconButton>
  );
}
