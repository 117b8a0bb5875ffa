export type GuideStep = 1 | 2 | 3;

/** How far somebody has come on the way through the demo, by the address: below the base path, and its query. */
export function guideStep(path: string, query: string): GuideStep {
  if (path.startsWith("trace/")) return 3;
  const params = new URLSearchParams(query);
  const text = `${params.get("tags") ?? ""} ${params.get("q") ?? ""}`;
  if (text.includes("desk-22")) return 3;
  return params.has("minTraceDuration") || /duration\s*>/i.test(text) ? 2 : 1;
}
