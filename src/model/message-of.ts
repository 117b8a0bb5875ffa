/** The text of whatever was thrown. What is closer to a cause is in component/reasons.ts. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
