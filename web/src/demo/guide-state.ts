import { storedSetting, storeSetting } from "../ui/stored-setting.ts";

const SETTING = "demo-guide";
const CHANGED = "demoguide";

/** Whether the way through the demo is shown. */
export function guideIsOn(): boolean {
  return storedSetting(SETTING) === "on";
}

export function turnGuide(on: boolean): void {
  storeSetting(SETTING, on ? "on" : undefined);
  window.dispatchEvent(new CustomEvent(CHANGED, { detail: on }));
}

/** Calls back when it is turned on or off, also where the browser keeps nothing. Returns how to stop. */
export function onGuide(listener: (on: boolean) => void): () => void {
  const tell = (event: Event) => listener((event as CustomEvent<boolean>).detail);
  window.addEventListener(CHANGED, tell);
  return () => window.removeEventListener(CHANGED, tell);
}
