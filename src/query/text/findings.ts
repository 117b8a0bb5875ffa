import type { UiVerdict } from "../ui/api-types.ts";

/** One thing that is said of a trace, and the span that shows it. */
export interface Finding {
  readonly text: string;
  readonly spanId?: string;
}

/** What a verdict says, the gravest first. */
export function findingsOf({ failed, slow, repeated, silent, root }: UiVerdict): Finding[] {
  const findings: Finding[] = [];
  if (failed !== undefined) findings.push(failed);
  if (slow !== undefined) {
    findings.push({ text: slow.text });
    if (slow.blame !== undefined) findings.push(slow.blame);
  }
  if (repeated !== undefined && repeated.spanId !== slow?.blame?.spanId) findings.push(repeated);
  if (silent !== undefined) findings.push({ text: `Nothing is said of its duration: ${silent}.` });
  else if (slow === undefined && root?.usually !== undefined) findings.push({ text: root.usually });
  return findings;
}
