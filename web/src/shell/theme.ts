import { storedSetting, storeSetting } from "../ui/stored-setting.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const SETTING = "theme";

/** The theme that was chosen; `system` where none was, or where the browser refuses storage. */
export function storedTheme(): Theme {
  const value = storedSetting(SETTING);
  return value === "light" || value === "dark" ? value : "system";
}

/** The theme that the page is in: as the system has it where none was chosen. theme.js puts it on the page. */
export function shownTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/**
 * Puts the theme on the document, remembers it, and tells the parts that paint for themselves (`themechange` on
 * window).
 */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  storeSetting(SETTING, theme === "system" ? undefined : theme);
  window.dispatchEvent(new Event("themechange"));
}

/** Calls back when the colours on screen change, by choice or by the system. Returns how to stop. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener("themechange", listener);
  system.addEventListener("change", listener);
  return () => {
    window.removeEventListener("themechange", listener);
    system.removeEventListener("change", listener);
  };
}
