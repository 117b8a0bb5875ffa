import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";

/** What stands in for a page that failed to draw: the reason instead of a blank. */
export function ProblemPage({ error }: ErrorComponentProps) {
  return (
    <Page>
      <Notice
        tone="error"
        title="This page could not be shown"
        action={<Button onClick={() => location.reload()}>Load again</Button>}
      >
        {error instanceof Error ? error.message : String(error)}
      </Notice>
    </Page>
  );
}
