/** What `mask` writes. */
export const DEFAULT_REPLACEMENT = "****";
