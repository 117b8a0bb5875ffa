import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { pairText, parsePair, type TracePair, TYPICAL } from "../format/trace-pair.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { Button, buttonClass } from "../ui/button.tsx";
import { ButtonRow } from "../ui/button-row.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import styles from "./compare-page.module.css";
import { comparisonQuery, typicalQuery } from "./compare-query.ts";
import { ComparisonView } from "./comparison-view.tsx";

/** Two traces side by side: `/trace/{a}...{b}`, of which one may be `typical`. */
export function ComparePage() {
  const { traceId: text = "" } = useParams({ strict: false });
  usePageTitle("Compare traces");
  const pair = parsePair(text);
  if ("problem" in pair) {
    return (
      <Unavailable title={pair.problem}>
        Expected <code>/trace/ID...ID</code> with the ids of two traces.
      </Unavailable>
    );
  }
  const { a, b } = pair;
  if (a === TYPICAL || b === TYPICAL) return <FindTypical key={text} pair={pair} />;
  return <Compared key={text} pair={pair} />;
}

/** Finds a typical trace and goes to the address that names it, so that links keep their meaning. */
function FindTypical({ pair }: { readonly pair: TracePair }) {
  const { a, b } = pair;
  const traceId = a === TYPICAL ? b : a;
  const found = useQuery(typicalQuery(traceId));
  const navigate = useNavigate();
  const typical = found.data?.typical?.traceId;
  useEffect(() => {
    if (typical === undefined) return;
    const named = { a: a === TYPICAL ? typical : a, b: b === TYPICAL ? typical : b };
    void navigate({ to: "/trace/$traceId", params: { traceId: pairText(named) }, search: {}, replace: true });
  }, [typical, a, b, navigate]);
  if (found.isError) {
    return (
      <Unavailable title="No typical trace was found" traceId={traceId} onRetry={() => void found.refetch()}>
        {found.error.message}
      </Unavailable>
    );
  }
  if (found.data?.reason !== undefined) {
    return (
      <Unavailable title="There is no typical trace to compare with" traceId={traceId}>
        {found.data.reason}
      </Unavailable>
    );
  }
  return <Loading label="Looking for a typical trace" />;
}

function Compared({ pair }: { readonly pair: TracePair }) {
  const { data, isError, error, refetch } = useQuery(comparisonQuery(pair));
  if (isError) {
    return (
      <Unavailable title="The traces cannot be compared" onRetry={() => void refetch()}>
        {error.message}
      </Unavailable>
    );
  }
  return data === undefined ? <Loading label="Comparing the traces" /> : <ComparisonView comparison={data} />;
}

function Loading({ label }: { readonly label: string }) {
  return (
    <Page wide>
      <PageHead title="Compare traces" />
      <div className={styles.loading} role="status" aria-label={label}>
        <Skeleton />
        <Skeleton />
      </div>
    </Page>
  );
}

function Unavailable({
  title,
  traceId,
  onRetry,
  children,
}: {
  readonly title: string;
  readonly traceId?: string;
  readonly onRetry?: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Page>
      <PageHead title="Compare traces" />
      <Notice
        tone="warning"
        title={title}
        action={onRetry === undefined ? undefined : <Button onClick={onRetry}>Try again</Button>}
      >
        <span className="break-anywhere">{children}</span>
      </Notice>
      <ButtonRow>
        {traceId !== undefined && (
          <Link to="/trace/$traceId" params={{ traceId }} search={{}} className={buttonClass}>
            Open the trace
          </Link>
        )}
        <Link to="/search" className={buttonClass}>
          Go to search
        </Link>
      </ButtonRow>
    </Page>
  );
}
