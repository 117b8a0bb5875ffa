import { nearest } from "../../../../src/model/text/nearest.ts";
import { useServices } from "../../api/use-services.ts";
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
  const meant = useMeantService(params.service);
  const filtered = Object.keys(rest).some((key) => !["limit", "sort", "columns"].includes(key));
  return (
    <EmptyNote>
      <p>No trace matches {fixed ? "in this time range" : lookbackWords(lookback ?? DEFAULT_LOOKBACK)}.</p>
      {meant !== undefined && (
        <p>
          No service is called <b dir="auto">{params.service}</b>.
        </p>
      )}
      <ButtonRow>
        {meant?.name !== undefined && (
          <Button onClick={() => onParams({ ...params, service: meant.name as string })}>
            Did you mean {meant.name}?
          </Button>
        )}
        {!anyTime && <Button onClick={() => onParams(atAnyTime(params))}>Search any time</Button>}
        {filtered && (
          <Button onClick={() => onParams(lookback === undefined ? {} : { lookback })}>Drop the filters</Button>
        )}
      </ButtonRow>
    </EmptyNote>
  );
}

/** Of a service that is not there: which one may be meant. Undefined where it is there, or that is not known. */
function useMeantService(service: string | undefined): { readonly name: string | undefined } | undefined {
  const known = useServices().services.data;
  if (service === undefined || known === undefined || known.incomplete !== undefined) return undefined;
  const names = known.services.map(({ name }) => name);
  return names.includes(service) ? undefined : { name: nearest(service, names) };
}
