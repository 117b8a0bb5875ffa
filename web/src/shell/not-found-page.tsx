import { Link } from "@tanstack/react-router";
import { usePageTitle } from "./use-page-title.ts";

/** What an address without a page shows. */
export function NotFoundPage() {
  usePageTitle("Page not found");
  return (
    <div className="page">
      <h1>Page not found</h1>
      <p>
        There is no page at this address. <Link to="/search">Go to search</Link>
      </p>
    </div>
  );
}
