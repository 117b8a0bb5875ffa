import { parseTags, tagsToAddress } from "../../format/tags.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import type { SearchParams } from "../params/search-params.ts";
import styles from "./errors-only.module.css";

/** Leaves only traces with a failed span: the tag `error=true`, as the form shows it too. */
export function ErrorsOnly({
  params,
  onParams,
}: {
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const tags = parseTags(params.tags ?? "").tags;
  if (tags === undefined) return null;
  const others = tags.filter(([key]) => key !== "error");
  const on = tags.some(([key, value, operator]) => key === "error" && value === "true" && operator === undefined);
  return (
    <Button
      className={styles.errorsOnly}
      aria-pressed={on}
      onClick={() => {
        const { tags: _before, ...rest } = params;
        const next = on ? others : [...others, ["error", "true"] as const];
        onParams(next.length === 0 ? rest : { ...rest, tags: tagsToAddress(next) });
      }}
    >
      <Icon name="error" /> Only errors
    </Button>
  );
}
