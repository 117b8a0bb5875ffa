import { SPAN_MARK } from "../model/span.ts";

const WORDS: readonly (readonly [number, string])[] = [
  [SPAN_MARK.negativeDuration, "the span ends before it starts"],
  [SPAN_MARK.impossibleTime, "start or end time is missing or impossible"],
  [SPAN_MARK.unknownKind, "the span kind is none that OpenTelemetry knows; it is shown as unspecified"],
  [
    SPAN_MARK.mended,
    "the collector mended the span: a value of the wrong type, invalid text, a short id, or a limit that was exceeded",
  ],
  [SPAN_MARK.serviceDefaulted, "the resource names no service"],
];

/** What the bits of SPAN_MARK mean, for people; empty for an unmarked span. */
export function markWords(marks: number): string[] {
  return WORDS.filter(([bit]) => (marks & bit) !== 0).map(([, words]) => words);
}
