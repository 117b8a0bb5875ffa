import type { ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { asksForLogin } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import { onceBack } from "./use-recovery.ts";

/**
 * What stands in for a page that failed to draw: the reason instead of a blank. Where a part of it did not come because
 * the session is over, the login comes instead, and leads back.
 */
export function ProblemPage({ error }: ErrorComponentProps) {
  const missing = isMissingPart(error);
  const [loggedOut, setLoggedOut] = useState(missing ? undefined : false);
  useEffect(() => {
    if (!missing) return undefined;
    const gone = new AbortController();
    void asksForLogin(gone.signal).then((asks) => gone.signal.aborted || setLoggedOut(asks));
    return () => gone.abort();
  }, [missing]);
  useEffect(
    () => (missing && loggedOut === false ? onceBack(() => location.reload(), true) : undefined),
    [missing, loggedOut],
  );
  if (loggedOut !== false) {
    return (
      <Page>
        <PageSkeleton />
      </Page>
    );
  }
  return (
    <Page>
      <Notice
        tone="error"
        title="This page could not be shown"
        action={<Button onClick={() => location.reload()}>Load again</Button>}
      >
        {textOf(error)}
      </Notice>
    </Page>
  );
}

/** A part of the page that the collector did not give, as browsers and the loader of style sheets say it. */
function isMissingPart(error: unknown): boolean {
  return (error instanceof TypeError && /module/i.test(error.message)) || /^Unable to preload CSS/.test(textOf(error));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
