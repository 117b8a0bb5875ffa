import { DEFAULT_LOOKBACK, lookbackWords } from "../../format/lookback.ts";
import { Button } from "../../ui/button.tsx";
import { ButtonRow } from "../../ui/button-row.tsx";
import { EmptyNote } from "../../ui/empty-note.tsx";
import { atAnyTime, type SearchParams } from "../params/search-params.ts";

/** Says that nothing was found, and offers wider searches. */
export function NoMatch({
  params,
  onParams,
}: {
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const { start: _start, end: _end, lookback, ...rest } = params;
  const fixed = params.start !== undefined || params.end !== undefined;
  const anyTime = lookback === "all" && !fixed;
  const filtered = Object.keys(rest).some((key) => !["limit", "sort", "columns"].includes(key));
  return (
    <EmptyNote>
      <p>No trace matches {fixed ? "in this time range" : lookbackWords(lookback ?? DEFAULT_LOOKBACK)}.</p>
      <ButtonRow>
        {!anyTime && <Button onClick={() => onParams(atAnyTime(params))}>Search any time</Button>}
        {filtered && (
          <Button onClick={() => onParams(lookback === undefined ? {} : { lookback })}>Drop the filters</Button>
        )}
      </ButtonRow>
    </EmptyNote>
  );
}
