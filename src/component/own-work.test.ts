import { expect, it } from "vitest";
import { type OwnWork, reported } from "./own-work.ts";

const work = { name: "tidy", kind: "internal", details: { room: "attic" } } as const;

it("reports how work went, and that it threw", async () => {
  const reports: OwnWork[] = [];
  const report = (own: OwnWork) => reports.push(own);
  const before = Date.now();
  expect(
    await reported(
      report,
      work,
      async () => 3,
      (found) => ({ details: { found } }),
    ),
  ).toBe(3);
  await expect(
    reported(
      report,
      work,
      () => Promise.reject(new Error("locked")),
      () => ({}),
    ),
  ).rejects.toThrow("locked");
  expect(reports).toMatchObject([
    { name: "tidy", kind: "internal", details: { room: "attic", found: 3 }, error: undefined },
    { name: "tidy", details: { room: "attic" }, error: "locked" },
  ]);
  for (const { endMs, tookMs } of reports) {
    expect(endMs).toBeGreaterThanOrEqual(before);
    expect(tookMs).toBeGreaterThanOrEqual(0);
  }
});

it("says nothing of work that there was none of", async () => {
  const report = () => expect.unreachable();
  expect(
    await reported(
      report,
      work,
      async () => 0,
      () => undefined,
    ),
  ).toBe(0);
});
