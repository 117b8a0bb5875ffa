import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { UiSelectionExplained } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { withoutSelection } from "../heat/heat-selection.ts";
import { type Explained, type SearchParams, timeRange } from "../params/search-params.ts";
import { AttributeRow } from "./attribute-row.tsx";
import { coverageText } from "./coverage.ts";
import styles from "./explain-drawer.module.css";
import { explainQuery } from "./explain-query.ts";
import { type SelectedTraces, selectedTraces } from "./selected-traces.ts";

const FIRST = 6;

/** In which attributes some traces differ from the others: ranked, each with both shares and a way into the query. */
export function ExplainDrawer({
  kind,
  params,
  onParams,
  onClose,
}: {
  readonly kind: Explained;
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
  readonly onClose: () => void;
}) {
  const title = useRef<HTMLHeadingElement>(null);
  const question = useMemo(() => questionOf(kind, params), [kind, params]);
  const found = useQuery(explainQuery(question.asked));
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  return (
    <section
      className={styles.drawer}
      aria-labelledby="explain-title"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className={styles.head}>
        <h2 id="explain-title" ref={title} tabIndex={-1}>
          What is different about {question.name}
        </h2>
        <IconButton aria-label="Close the explanation" onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </div>
      {found.isPending && (
        <div role="status" aria-label="Weighing attributes" className={styles.waiting}>
          <Skeleton />
          <p className="muted">Weighing every attribute of both sides…</p>
        </div>
      )}
      {found.isError && (
        <Notice
          tone="error"
          title="Nothing could be weighed"
          action={<Button onClick={() => void found.refetch()}>Try again</Button>}
        >
          {found.error.message}
        </Notice>
      )}
      {found.data !== undefined && <Found found={found.data} question={question} params={params} onParams={onParams} />}
    </section>
  );
}

function questionOf(kind: Explained, params: SearchParams): SelectedTraces {
  const open = withoutSelection(params);
  return selectedTraces(kind, params, open, timeRange(kind === "selection" ? open : params, Date.now()));
}

function Found({
  found,
  question: { name, others },
  params,
  onParams,
}: {
  readonly found: UiSelectionExplained;
  readonly question: SelectedTraces;
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const { selected, rest, attributes, crowded } = found;
  const [all, setAll] = useState(false);
  const shown = all ? attributes : attributes.slice(0, FIRST);
  const nothing = nothingText(found, name, others);
  return (
    <>
      <p className="muted">{coverageText(found, others)}</p>
      {nothing !== undefined ? (
        <p className={styles.nothing}>{nothing}</p>
      ) : (
        <ol className={styles.list} aria-label="Attributes, the most telling first">
          {shown.map((attribute) => (
            <AttributeRow
              key={`${attribute.scope} ${attribute.key} ${attribute.value}`}
              attribute={attribute}
              selected={selected}
              rest={rest}
              params={params}
              onParams={onParams}
            />
          ))}
        </ol>
      )}
      {attributes.length > shown.length && (
        <Button className={styles.more} onClick={() => setAll(true)}>
          {attributes.length - shown.length} more
        </Button>
      )}
      {crowded.length > 0 && (
        <p className="muted">Too many values to tell rare ones apart: {crowded.slice(0, 8).join(", ")}</p>
      )}
    </>
  );
}

function nothingText({ selected, rest, attributes }: UiSelectionExplained, name: string, others: string) {
  if (selected.found === 0) return `Nothing to weigh: none of the traces is among ${name}.`;
  if (rest.found === 0) return `Nothing to weigh them against: there are no traces among ${others}.`;
  if (attributes.length > 0) return undefined;
  return `No attribute is more frequent on one side${selected.counted < 3 ? ": with so few traces nothing can be" : ""}.`;
}
