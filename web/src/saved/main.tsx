import "../local/buffer-global.ts";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { messageOf } from "../../../src/model/message-of.ts";
import { applyTheme, storedTheme } from "../shell/theme.ts";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { readSaved } from "./read-saved.ts";
import { createSavedRouter } from "./saved-router.tsx";
import "../styles/base.css";
import "../styles/tokens.css";

applyTheme(storedTheme());
const root = createRoot(document.getElementById("app")!);
readSaved(document).then(
  ({ about, source }) => {
    // Nothing changes in a file, so nothing is asked for twice.
    const queries = { meta: { local: source }, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false };
    // A browser that says it is offline is no reason to wait: nobody is asked.
    const client = new QueryClient({ defaultOptions: { queries: { ...queries, networkMode: "always" } } });
    root.render(
      <StrictMode>
        <QueryClientProvider client={client}>
          <RouterProvider router={createSavedRouter(about)} />
        </QueryClientProvider>
      </StrictMode>,
    );
  },
  (error: unknown) =>
    root.render(
      <Page>
        <h1>The trace cannot be shown</h1>
        <Notice tone="error" title="The file could not be read">
          {messageOf(error)}
        </Notice>
      </Page>,
    ),
);
