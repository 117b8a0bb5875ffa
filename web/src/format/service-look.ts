/** Distinct service colours; beyond them the hues come again under a pattern. */
export const HUES = 8;
const PATTERNS = 4;

/** Hue 0…7 and pattern 0…3; pattern 0 is plain. */
export interface ServiceLook {
  readonly hue: number;
  readonly pattern: number;
}

/** The hue a service has wherever it can: by its name alone, so that it is the same on every page. */
export function preferredHue(name: string): number {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

/**
 * Looks for the services of one trace: each its preferred hue, or the next free one; no two of the first 32 are alike,
 * and the ninth is the first with a pattern.
 */
export function assignLooks(names: readonly string[]): readonly ServiceLook[] {
  const taken = new Set<number>();
  return names.map((name, index) => {
    const pattern = Math.floor(index / HUES) % PATTERNS;
    if (index % HUES === 0) taken.clear();
    let hue = preferredHue(name);
    while (taken.has(hue)) hue = (hue + 1) % HUES;
    taken.add(hue);
    return { hue, pattern };
  });
}
