import { IconButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { chosenColumns, withoutColumn } from "../params/columns.ts";
import type { SearchParams } from "../params/search-params.ts";
import styles from "./column-chips.module.css";

/** The columns that the rows show, each with what takes it away. */
export function ColumnChips({
  params,
  onParams,
}: {
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const columns = chosenColumns(params);
  if (columns.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Columns">
      {columns.map((field) => (
        <li key={field}>
          <span dir="auto">{field}</span>
          <IconButton small aria-label={undefined} onClick={() => onParams(withoutColumn(params, field))}>
            <Icon name="close" />
            <span className="visually-hidden" dir="auto">
              Hide the column {field}
            </span>
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
