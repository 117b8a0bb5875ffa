import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { UiFacet } from "../../../../src/query/ui/facets/facet-types.ts";
import { counted, formatCount } from "../../format/count.ts";
import { IconButton, LinkButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { withColumn } from "../params/columns.ts";
import { excluding, type FieldChoice, including, toggled } from "../params/refine.ts";
import type { SearchParams } from "../params/search-params.ts";
import type { SearchRange } from "../params/search-query.ts";
import styles from "./facet-section.module.css";
import { facetQuery } from "./facets-query.ts";

/** One attribute: its values with how many traces have them. */
export function FacetSection({
  facet,
  field,
  of,
  conditions,
  params,
  range,
  onParams,
}: {
  readonly facet: UiFacet;
  /** As conditions name it. */
  readonly field: string;
  /** Traces that were counted. */
  readonly of: number;
  readonly conditions: ReadonlySet<string>;
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly onParams: (params: SearchParams) => void;
}) {
  const [open, setOpen] = useState(false);
  const more = useQuery({ ...facetQuery(params, range, facet.field), enabled: open });
  const shown = (open ? more.data?.facets[0] : undefined) ?? facet;
  const hidden = facet.distinct - facet.values.length;
  return (
    <div className={styles.facet}>
      <FacetHead facet={facet} field={field} of={of} onColumn={() => onParams(withColumn(params, field))} />
      <ul className={styles.values}>
        {shown.values.map(({ literal, traces }) => (
          <FacetValue
            key={literal}
            choice={{ field, literal }}
            traces={traces}
            of={of}
            conditions={conditions}
            onToggle={(condition) => onParams(toggled(params, condition))}
          />
        ))}
      </ul>
      {hidden > 0 && (
        <LinkButton aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Fewer values" : `${formatCount(hidden)}${facet.exact ? "" : "+"} more values`}
        </LinkButton>
      )}
      {open && shown.distinct > shown.values.length && (
        <p className={styles.having}>
          The {formatCount(shown.values.length)} most frequent of {formatCount(shown.distinct)}
          {shown.exact ? "" : " and more"}
        </p>
      )}
    </div>
  );
}

function FacetHead({
  facet,
  field,
  of,
  onColumn,
}: {
  readonly facet: UiFacet;
  readonly field: string;
  readonly of: number;
  readonly onColumn: () => void;
}) {
  return (
    <div className={styles.head}>
      <h3 title={facet.field} dir="auto">
        {shortField(facet.field)}
      </h3>
      {facet.field.startsWith("resource.") && <span className={styles.scope}>resource</span>}
      <span className={styles.having} title={`In ${counted(facet.traces, "trace")} of ${formatCount(of)}`}>
        {facet.traces < of && `in ${formatCount(facet.traces)}`}
      </span>
      <IconButton small aria-label={undefined} title="Show as a column of the results" onClick={onColumn}>
        <Icon name="plus" />
        <span className="visually-hidden" dir="auto">
          Show {field} as a column
        </span>
      </IconButton>
    </div>
  );
}

/** One value: a press on it leaves only spans that have it, one on the sign behind it only others. */
function FacetValue({
  choice,
  traces,
  of,
  conditions,
  onToggle,
}: {
  readonly choice: FieldChoice;
  readonly traces: number;
  readonly of: number;
  readonly conditions: ReadonlySet<string>;
  readonly onToggle: (condition: string) => void;
}) {
  const [include, exclude] = [including(choice), excluding(choice)];
  const { field, literal } = choice;
  return (
    <li className={styles.value}>
      <button
        type="button"
        className={styles.include}
        aria-pressed={conditions.has(include)}
        title={`${include}: ${counted(traces, "trace")} with such a span`}
        onClick={() => onToggle(include)}
      >
        <span className={styles.bar} style={{ width: `${(100 * traces) / Math.max(1, of)}%` }} />
        <span className={styles.text} dir="auto">
          {shownLiteral(literal)}
        </span>
        <span className={styles.count}>{formatCount(traces)}</span>
      </button>
      <IconButton
        small
        aria-label={undefined}
        title={
          `${exclude}: leaves out spans with ${literal}, and keeps those without ${shortField(field)}. ` +
          "A trace stays while another span of it matches."
        }
        aria-pressed={conditions.has(exclude)}
        onClick={() => onToggle(exclude)}
      >
        <Icon name="minus" />
        <span className="visually-hidden" dir="auto">
          Exclude spans with {literal}
        </span>
      </IconButton>
    </li>
  );
}

/** Without the scope of most attributes. */
function shortField(field: string): string {
  return field.replace(/^(?:span|resource)?\./, "");
}

function shownLiteral(literal: string): string {
  if (!literal.startsWith('"')) return literal;
  try {
    const text = JSON.parse(literal) as string;
    return text.trim() === "" ? literal : text;
  } catch {
    return literal;
  }
}
