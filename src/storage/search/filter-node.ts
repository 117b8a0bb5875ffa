import type { SpanEvent, SpanLink } from "../../model/span.ts";
import type { ElementLevel } from "../../model/trace-query.ts";
import type { BlockView } from "../spans/block-view.ts";

export type RowTest = (row: number) => boolean;

/** How much a test has to look at: constant or column, resource and scope, span. AND and OR ask cheap ones first. */
export type Cost = 0 | 1 | 2;

/** A part of a filter, compiled: see CompiledFilter. */
export interface Node {
  readonly cost: Cost;
  /** None where nothing is required. */
  readonly required?: readonly number[];
  mayMatch(mayContain: (hash: number) => boolean): boolean;
  bind(block: BlockView): RowTest | boolean;
}

/** The one event and the one link that the parts within `some` are asked about; of a level without `some` all. */
export type BoundElements = Readonly<Partial<Record<ElementLevel, BoundElement>>>;

/** Set for each element before the parts are asked. */
export interface BoundElement {
  element: SpanEvent | SpanLink | undefined;
}

export function constant(value: boolean): Node {
  return { cost: 0, mayMatch: () => value, bind: () => value };
}

/** What blooms say nothing of. */
export function rows(cost: Cost, test: (block: BlockView, row: number) => boolean): Node {
  return { cost, mayMatch: () => true, bind: (block) => (row) => test(block, row) };
}

export function combine(all: boolean, parts: readonly Node[]): Node {
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  return {
    cost: (ordered.at(-1)?.cost ?? 0) as Cost,
    required: all ? parts.flatMap((part) => part.required ?? []) : [],
    mayMatch: (mayContain) =>
      all ? parts.every((part) => part.mayMatch(mayContain)) : parts.some((part) => part.mayMatch(mayContain)),
    bind(block) {
      const tests: RowTest[] = [];
      for (const part of ordered) {
        const test = part.bind(block);
        if (typeof test === "function") tests.push(test);
        else if (test !== all) return !all;
      }
      if (tests.length <= 1) return tests[0] ?? all;
      return all ? (row) => tests.every((test) => test(row)) : (row) => tests.some((test) => test(row));
    },
  };
}
