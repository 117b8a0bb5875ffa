import { useRouter } from "@tanstack/react-router";
import type { SavedAbout } from "../../../src/query/local/saved-format.ts";
import { Button } from "../ui/button.tsx";
import { Page } from "../ui/page.tsx";

/** Where a link led out of the file. */
export function OtherTrace({ about }: { readonly about: SavedAbout }) {
  const router = useRouter();
  return (
    <Page>
      <h1>Not in this file</h1>
      <p>The file holds one trace; what this link leads to was left in the collector it was saved from.</p>
      <p>
        <Button onClick={() => router.history.push(`/trace/${about.traceId}`)}>Back to the trace</Button>
      </p>
    </Page>
  );
}
