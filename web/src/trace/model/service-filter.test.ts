import { expect, it } from "vitest";
import { filterWithin, rowsOfServices } from "./service-filter.ts";

const columns = { services: ["shop", "cart", "stock"], service: Uint32Array.of(0, 1, 2, 1) };
const visible = Int32Array.of(0, 1, 2, 3);

it("keeps the rows of one service, or those of all but some", () => {
  expect([...rowsOfServices(columns, visible, { only: "cart", hidden: [] })]).toEqual([1, 3]);
  expect([...rowsOfServices(columns, visible, { only: undefined, hidden: ["cart"] })]).toEqual([0, 2]);
});

it("takes names that are not in the trace for no filter, in the rows and in what is said of them", () => {
  const gone = { only: "gone", hidden: ["lost"] };
  expect(filterWithin(columns.services, gone)).toEqual({ only: undefined, hidden: [] });
  expect(rowsOfServices(columns, visible, gone)).toBe(visible);
});

it("hides no service where all would be", () => {
  const all = { only: undefined, hidden: columns.services };
  expect(filterWithin(columns.services, all)).toEqual({ only: undefined, hidden: [] });
  expect(rowsOfServices(columns, visible, all)).toBe(visible);
});
