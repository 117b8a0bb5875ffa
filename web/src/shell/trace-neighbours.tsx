import { Link } from "@tanstack/react-router";
import { formatCount } from "../format/count.ts";
import { Icon } from "../ui/icon.tsx";
import type { ResultList } from "./result-list.ts";
import styles from "./trace-neighbours.module.css";

/** On a trace of the last results: which of them it is, and the ways to the one before and after it. */
export function TraceNeighbours({ traceId, list }: { readonly traceId: string; readonly list: ResultList }) {
  const at = list.traceIds.indexOf(traceId);
  if (at < 0) return null;
  return (
    <nav className={styles.neighbours} aria-label="Results of the search">
      <Neighbour traceId={list.traceIds[at - 1]} label="Previous result" icon="chevronLeft" />
      <span className={styles.place}>
        {formatCount(at + 1)} of {list.of}
      </span>
      <Neighbour traceId={list.traceIds[at + 1]} label="Next result" icon="chevronRight" />
    </nav>
  );
}

function Neighbour({
  traceId,
  label,
  icon,
}: {
  readonly traceId: string | undefined;
  readonly label: string;
  readonly icon: "chevronLeft" | "chevronRight";
}) {
  if (traceId === undefined) return <span className={styles.end} />;
  return (
    <Link
      to="/trace/$traceId"
      params={{ traceId }}
      search={{}}
      className={styles.link}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </Link>
  );
}
