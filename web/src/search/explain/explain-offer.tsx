import { Button } from "../../ui/button.tsx";
import type { Explained, SearchParams } from "../params/search-params.ts";
import { hasConditions } from "./selected-traces.ts";

/** Buttons that ask what is different: about what was selected, or else about what failed and what the query finds. */
export function ExplainOffer({
  params,
  isSelection,
  failed,
  traces,
  onExplain,
}: {
  readonly params: SearchParams;
  /** Something was selected on the heat map. */
  readonly isSelection: boolean;
  /** Of the traces of the search; undefined while that is not known. */
  readonly failed: number | undefined;
  readonly traces: number | undefined;
  readonly onExplain: (kind: Explained) => void;
}) {
  const offer = (kind: Explained, text: string) => (
    <Button aria-expanded={params.explain === kind} onClick={() => onExplain(kind)}>
      {text}
    </Button>
  );
  if (isSelection) return offer("selection", "Explain the selection");
  const someFailed = failed !== undefined && traces !== undefined && failed > 0 && failed < traces;
  return (
    <>
      {someFailed && offer("errors", "Explain the errors")}
      {hasConditions(params) && offer("query", "Explain what this finds")}
    </>
  );
}
