import type { ViewTable } from "../../../component/read.ts";
import { compareView } from "./compare-view.ts";
import { typicalView } from "./typical-view.ts";

/** The answers of `createComparisonRoutes`; comparison-types.ts says what they hold. */
export const comparisonViews = { "ui.compare": compareView, "ui.typical": typicalView } as const satisfies ViewTable;
