import { storedSetting, storeSetting } from "../ui/stored-setting.ts";

const SETTING = "shortcuts";

/** Whether single-letter shortcuts are on (WCAG 2.1.4 asks that they can be turned off). */
export function shortcutsEnabled(): boolean {
  return storedSetting(SETTING) !== "off";
}

export function setShortcutsEnabled(on: boolean): void {
  storeSetting(SETTING, on ? undefined : "off");
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
