/** Distinct service colours; beyond them the hues come again under a pattern. */
export const HUES = 8;
const PATTERNS = 4;

/** Hue 0…7 and pattern 0…3; pattern 0 is plain. Hue −1 is the grey of a service whose place is not known yet. */
export interface ServiceLook {
  readonly hue: number;
  readonly pattern: number;
}

export const UNKNOWN_LOOK: ServiceLook = { hue: -1, pattern: 0 };

/**
 * How the service at a place of the store looks, on every page: no two of the first 32 are alike, and the ninth is the
 * first with a pattern.
 */
export function lookAt(place: number): ServiceLook {
  return { hue: place % HUES, pattern: Math.floor(place / HUES) % PATTERNS };
}

/** Looks of services by their places; those without one, of a server or a file that gives none, take free ones. */
export function looksOf(services: readonly string[], places: readonly number[] = []): readonly ServiceLook[] {
  const taken = new Set(places);
  let free = 0;
  return services.map((_, index) => {
    const place = places[index] ?? -1;
    if (place >= 0) return lookAt(place);
    while (taken.has(free)) free++;
    return lookAt(free++);
  });
}
