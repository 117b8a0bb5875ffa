import { createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import type { SavedAbout } from "../../../src/query/local/saved-format.ts";
import { ProblemPage } from "../shell/problem-page.tsx";
import { TracePage } from "../trace/trace-page.tsx";
import { readTraceParams } from "../trace/trace-params.ts";
import { OtherTrace } from "./other-trace.tsx";
import { SavedShell } from "./saved-shell.tsx";

/** The one page that a saved trace has, at addresses in memory: the file's own never changes. */
export function createSavedRouter(about: SavedAbout) {
  const root = createRootRoute({
    component: () => <SavedShell about={about} />,
    notFoundComponent: () => <OtherTrace about={about} />,
  });
  const trace = createRoute({
    getParentRoute: () => root,
    path: "/trace/$traceId",
    validateSearch: readTraceParams,
    component: function Trace() {
      const { traceId } = trace.useParams();
      return traceId === about.traceId ? <TracePage /> : <OtherTrace about={about} />;
    },
  });
  return createRouter({
    routeTree: root.addChildren([trace]),
    history: createMemoryHistory({ initialEntries: [`/trace/${about.traceId}`] }),
    defaultErrorComponent: ProblemPage,
    defaultPreload: false,
    scrollRestoration: false,
  });
}
