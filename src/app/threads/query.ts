import type { ViewTable } from "../../component/read.ts";
import { jaegerViews } from "../../query/jaeger/views.ts";
import { uiViews } from "../../query/ui/views.ts";

/** What the query thread can answer (component/store.ts, QueryModule). */
export const views: ViewTable = { ...jaegerViews, ...uiViews };
