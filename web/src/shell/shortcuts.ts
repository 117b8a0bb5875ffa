import { storedSetting, storeSetting } from "../ui/stored-setting.ts";

const SETTING = "shortcuts";

/** Whether single-letter shortcuts are on (WCAG 2.1.4 asks that they can be turned off). */
export function shortcutsEnabled(): boolean {
  return storedSetting(SETTING) !== "off";
}

export function setShortcutsEnabled(on: boolean): void {
  storeSetting(SETTING, on ? undefined : "off");
}

const IS_MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");

/** The keys that open the palette, as they are written on this system. */
export const PALETTE_KEYS = IS_MAC ? "⌘K" : "Ctrl+K";

/** True for the press that opens the palette, in fields too; not where a part of the page has taken it. */
export function isPaletteShortcut(event: KeyboardEvent): boolean {
  const modifier = IS_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  return event.key.toLowerCase() === "k" && modifier && !event.altKey && !event.shiftKey && !event.defaultPrevented;
}

/** True for a plain press of `key` that no field, dialog or modifier claims. */
export function isShortcut(event: KeyboardEvent, key: string): boolean {
  if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const target = event.target;
  if (target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [contenteditable]") !== null) {
    return false;
  }
  return shortcutsEnabled();
}
