import { expect, it } from "vitest";
import { serviceRows } from "./service-rows.ts";

it("sums up the calls into each service, busiest first, without its own", () => {
  const link = (parent: string, child: string, callCount: number, errorCount: number) => ({
    parent,
    child,
    callCount,
    errorCount,
  });
  const rows = serviceRows(
    [
      { name: "cart", operations: [] },
      { name: "db", operations: [{ name: "SELECT", kind: "server" }] },
      { name: "web", operations: [] },
    ],
    [link("web", "cart", 5, 1), link("cart", "db", 9, 0), link("web", "db", 3, 2), link("cart", "cart", 50, 50)],
  );
  expect(rows.map(({ name, calls, errors, callers, callees }) => [name, calls, errors, callers, callees])).toEqual([
    ["db", 12, 2, ["cart", "web"], []],
    ["cart", 5, 1, ["web"], ["db"]],
    ["web", 0, 0, [], ["cart", "db"]],
  ]);
});
