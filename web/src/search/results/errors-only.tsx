import { parseTags, tagsToAddress } from "../../format/tags.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { conditionsOfSearch, including, toggled } from "../params/refine.ts";
import type { SearchParams } from "../params/search-params.ts";
import styles from "./errors-only.module.css";

/** Leaves only traces with a failed span: by the tag `error=true`, as the form shows it too, or by the query. */
export function ErrorsOnly({
  params,
  onParams,
}: {
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const asText = params.q !== undefined;
  const tags = parseTags(params.tags ?? "").tags;
  if (tags === undefined) return null;
  const others = tags.filter(([key]) => key !== "error");
  const failed = including({ field: "status", literal: "error" });
  const on = asText
    ? conditionsOfSearch(params).has(failed)
    : tags.some(([key, value, operator]) => key === "error" && value === "true" && operator === undefined);
  const next = (): SearchParams => {
    if (asText) return toggled(params, failed);
    const { tags: _before, ...rest } = params;
    const kept = on ? others : [...others, ["error", "true"] as const];
    return kept.length === 0 ? rest : { ...rest, tags: tagsToAddress(kept) };
  };
  return (
    <Button className={styles.errorsOnly} aria-pressed={on} onClick={() => onParams(next())}>
      <Icon name="error" /> Only errors
    </Button>
  );
}
