import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client.ts";
import { OpenFiles } from "./files/open-files.ts";
import { FilesContext } from "./files/use-files.ts";
import { createAppRouter } from "./router.tsx";
import "./styles/base.css";
import "./styles/tokens.css";

// The port answers without its base path too, for proxies that take it off; the pages lie below the path.
const base = new URL(document.baseURI).pathname;
if (!location.pathname.startsWith(base)) location.replace(base);

const files = new OpenFiles();
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      meta: { local: files },
      // An answer of the collector stays the same when asked again; only silence is worth another try.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400),
      refetchOnWindowFocus: false,
    },
  },
});

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <FilesContext value={files}>
        <RouterProvider router={createAppRouter()} />
      </FilesContext>
    </QueryClientProvider>
  </StrictMode>,
);
