import type { ErrorComponentProps } from "@tanstack/react-router";
import { Notice } from "../ui/notice.tsx";

/** What stands in for a page that failed to draw: the reason instead of a blank. */
export function ProblemPage({ error }: ErrorComponentProps) {
  return (
    <div className="page">
      <Notice
        tone="error"
        title="This page could not be shown"
        action={
          <button type="button" className="button" onClick={() => location.reload()}>
            Load again
          </button>
        }
      >
        {error instanceof Error ? error.message : String(error)}
      </Notice>
    </div>
  );
}
