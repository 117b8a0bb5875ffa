import type { ErrorComponentProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { onceBack } from "./use-recovery.ts";

/** What stands in for a page that failed to draw: the reason instead of a blank. */
export function ProblemPage({ error }: ErrorComponentProps) {
  useEffect(() => (isMissingPart(error) ? onceBack(() => location.reload(), true) : undefined), [error]);
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

/** A part of the page that the collector did not give, as browsers say it: it was away, or is another version now. */
function isMissingPart(error: unknown): boolean {
  return error instanceof TypeError && /module/i.test(error.message);
}
