import type { BlockView } from "./block-view.ts";
import type { FieldSource } from "./span-field.ts";

/** The rows of one block as what fields are read of. `needsTrace` fields must not be. */
export function blockSpans(view: BlockView): FieldSource {
  const notHere = (): never => {
    throw new Error("a field of a trace was asked of a block");
  };
  return {
    columns: () => view.columns,
    row: (row) => row,
    view: () => view,
    get traceId() {
      return notHere();
    },
    get tree() {
      return notHere();
    },
    get times() {
      return notHere();
    },
    get root() {
      return notHere();
    },
  };
}
