import { type CriticalPath, criticalPath } from "../../../../src/query/analysis/critical-path.ts";
import { rootRow } from "../../../../src/query/analysis/root-row.ts";
import { selfTimes } from "../../../../src/query/analysis/self-time.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";

/** What follows from a trace's times with a pass over all spans: made when it is first asked for, and kept. */
export class DerivedTimes {
  readonly #columns: TraceColumns;
  readonly #layout: TraceLayout;
  #self: Float64Array | undefined;
  #path: { readonly path: CriticalPath | undefined } | undefined;

  constructor(columns: TraceColumns, layout: TraceLayout) {
    this.#columns = columns;
    this.#layout = layout;
  }

  /** Row of the span that the request began with; undefined where it has not arrived. */
  get root(): number | undefined {
    return rootRow(this.#columns, this.#layout.size);
  }

  /** Time of each row in which none of its children ran, ns. */
  get self(): Float64Array {
    this.#self ??= selfTimes(this.#columns);
    return this.#self;
  }

  /** `path` has been asked for, and costs nothing more. */
  get knowsPath(): boolean {
    return this.#path !== undefined;
  }

  /** What held the root up; undefined without a root. */
  get path(): CriticalPath | undefined {
    if (this.#path === undefined) {
      const root = this.root;
      this.#path = { path: root === undefined ? undefined : criticalPath(this.#columns, root) };
    }
    return this.#path.path;
  }
}
