/** A setting that the browser keeps; undefined where it has none or refuses storage. */
export function storedSetting(name: string): string | undefined {
  try {
    return localStorage.getItem(keyOf(name)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a setting, or forgets it. Where the browser refuses storage it holds until the page is left. */
export function storeSetting(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(keyOf(name));
    else localStorage.setItem(keyOf(name), value);
  } catch {
    // The caller has the value.
  }
}

function keyOf(name: string): string {
  return `spanloom.${name}`;
}
