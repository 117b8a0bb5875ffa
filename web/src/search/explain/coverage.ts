import type { UiGroupCount, UiSelectionExplained } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { counted, formatCount } from "../../format/count.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";

/** What the shares are of, in sentences. */
export function coverageText(
  { selected, rest, spans, distinct, searchedBackToUnixNano: backTo, complete, reason }: UiSelectionExplained,
  others: string,
): string {
  const isSample = selected.counted < selected.found || rest.counted < rest.found;
  const sentences = [
    `${isSample ? "A sample, as a second was too short for all: " : ""}${groupText(selected)} against ` +
      `${groupText(rest)} of ${others.replace(/^(all|the) /, "the ")}; ${counted(spans, "span")}, ` +
      `${counted(distinct, "value")}.`,
  ];
  if (backTo !== undefined) {
    sentences.push(`Traces before ${formatAbsolute(nanoToMs(backTo)).slice(0, -4)} are on neither side: time was up.`);
  } else if (!complete) sentences.push(`Some traces are on neither side: ${reason ?? "they could not be read"}.`);
  return sentences.join(" ");
}

function groupText({ found, counted: looked }: UiGroupCount): string {
  return looked === found ? formatCount(found) : `${formatCount(looked)} of ${formatCount(found)}`;
}
