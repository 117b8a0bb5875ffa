import { Link } from "@tanstack/react-router";
import { Page } from "../ui/page.tsx";
import { usePageTitle } from "./use-page-title.ts";

/** What an address without a page shows. */
export function NotFoundPage() {
  usePageTitle("Page not found");
  return (
    <Page>
      <h1>Page not found</h1>
      <p>
        There is no page at this address. <Link to="/search">Go to search</Link>
      </p>
    </Page>
  );
}
