import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  useParams,
} from "@tanstack/react-router";
import { lazy } from "react";
import { DemoGuide } from "./demo/demo-guide.tsx";
import { readMapParams } from "./dependencies/map-params.ts";
import { isPair } from "./format/trace-pair.ts";
import { readSearchParams } from "./search/params/search-params.ts";
import { readServiceParams } from "./service/service-params.ts";
import { readServicesParams } from "./services/services-params.ts";
import { formatAddress, parseAddress } from "./shell/address.ts";
import { AppShell, type LazyPalette } from "./shell/app-shell.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { ProblemPage } from "./shell/problem-page.tsx";
import { readTraceParams } from "./trace/trace-params.ts";

/** What is loaded ahead waits for what is shown first. */
const AHEAD_AFTER_MS = 1_000;

const loadPalette = () => import("./palette/command-palette.tsx");
const palette: LazyPalette = {
  Palette: lazy(async () => ({ default: (await loadPalette()).CommandPalette })),
  preload: () => void loadPalette().catch(() => undefined),
};

const loadTracePage = () => import("./trace/trace-page.tsx");
const TracePage = lazyRouteComponent(loadTracePage, "TracePage");
const ComparePage = lazyRouteComponent(() => import("./compare/compare-page.tsx"), "ComparePage");

/** As Jaeger UI's addresses go: `/trace/{a}...{b}` compares two. The page of one is there before its address is. */
const TraceOrPair = Object.assign(
  () => {
    const { traceId = "" } = useParams({ strict: false });
    return isPair(traceId) ? <ComparePage /> : <TracePage />;
  },
  { preload: async () => TracePage.preload?.() },
);

/** Behind it comes the page that it leads to: the collector may be away when that is wanted. */
async function loadSearchPage() {
  const { SearchPage } = await import("./search/search-page.tsx");
  setTimeout(() => void loadTracePage().catch(() => undefined), AHEAD_AFTER_MS);
  return { SearchPage };
}

const root = createRootRoute({
  component: () => <AppShell palette={palette} below={<DemoGuide />} />,
  notFoundComponent: NotFoundPage,
});

const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: () => {
      throw redirect({ to: "/search", search: {} });
    },
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/search",
    validateSearch: readSearchParams,
    component: lazyRouteComponent(loadSearchPage, "SearchPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/trace/$traceId",
    validateSearch: readTraceParams,
    component: TraceOrPair,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/file",
    component: lazyRouteComponent(() => import("./files/file-page.tsx"), "FilePage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor",
    validateSearch: readServicesParams,
    // Jaeger UI's address of one service.
    beforeLoad: ({ search: { service, lookback } }) => {
      if (service === undefined) return;
      const search = lookback === undefined ? {} : { lookback };
      throw redirect({ to: "/services/$name", params: { name: service }, search });
    },
    component: lazyRouteComponent(() => import("./services/services-page.tsx"), "ServicesPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/services",
    beforeLoad: () => {
      throw redirect({ to: "/monitor", search: {} });
    },
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/services/$name",
    validateSearch: readServiceParams,
    component: lazyRouteComponent(() => import("./service/service-page.tsx"), "ServicePage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/dependencies",
    validateSearch: readMapParams,
    component: lazyRouteComponent(() => import("./dependencies/dependencies-page.tsx"), "DependenciesPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/collector",
    component: lazyRouteComponent(() => import("./collector/collector-page.tsx"), "CollectorPage"),
  }),
] as const;

/** The pages under the server's base path; their state lives in the address alone. */
export function createAppRouter() {
  return createRouter({
    routeTree: root.addChildren(routes),
    basepath: new URL(document.baseURI).pathname,
    parseSearch: parseAddress,
    stringifySearch: formatAddress,
    defaultErrorComponent: ProblemPage,
    defaultPreload: false,
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
