import { Link } from "@tanstack/react-router";
import type { UiComparison } from "../../../src/query/ui/comparison/comparison-types.ts";
import { counted } from "../format/count.ts";
import { pairText } from "../format/trace-pair.ts";
import { buttonClass } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { ComparedTrace } from "./compared-trace.tsx";
import styles from "./comparison-view.module.css";
import { DifferenceList } from "./difference-list.tsx";
import { PlaceTable } from "./place-table.tsx";

/** What both traces are, where they differ, and both as one tree. */
export function ComparisonView({ comparison }: { readonly comparison: UiComparison }) {
  const { a, b, sentences, differences, moreDifferences, sameOperation } = comparison;
  const [first, ...others] = sentences;
  const all = differences.length + moreDifferences;
  return (
    <Page wide>
      <PageHead title="Compare traces">
        <Link
          to="/trace/$traceId"
          params={{ traceId: pairText({ a: b.traceId, b: a.traceId }) }}
          search={{}}
          className={buttonClass}
        >
          Swap A and B
        </Link>
      </PageHead>
      <div className={styles.traces}>
        <ComparedTrace letter="A" trace={a} />
        <ComparedTrace letter="B" trace={b} />
      </div>
      {sameOperation ? (
        <div className={styles.said} data-part="said">
          <p className={styles.first} dir="auto">
            {first}
          </p>
          {others.map((text) => (
            <p key={text} dir="auto">
              {text}
            </p>
          ))}
        </div>
      ) : (
        <Notice tone="warning" title={first ?? "The roots are not known"}>
          {others.map((text) => (
            <span key={text}>{text}. </span>
          ))}
        </Notice>
      )}
      <section className={styles.section} aria-labelledby="differences-title">
        <h2 id="differences-title">{all === 0 ? "No differences" : counted(all, "difference")}</h2>
        {all === 0 ? (
          <p className="muted">Both traces made the same calls, took about as long for each, and failed alike.</p>
        ) : (
          <>
            <p className="muted">
              In the order of the time that they added to the critical path or saved on it, then what failed in one of
              the traces only. Times are those in which nothing below ran.
            </p>
            <DifferenceList comparison={comparison} />
            {moreDifferences > 0 && <p className="muted">and {counted(moreDifferences, "smaller one")}</p>}
          </>
        )}
      </section>
      <PlaceTable comparison={comparison} />
    </Page>
  );
}
