import { expect, it } from "vitest";
import type { UiTraceSummary } from "./api-types.ts";
import { tracesThatBegin } from "./traces-that-begin.ts";

const IDS = [
  "0af7651916cd43dd8448eb211c80319c",
  "0000000000000000bb00eb211c80319c",
  "bb00651916cd43dd8448eb211c80319c",
];
const summaries = IDS.map((traceId) => ({ traceId }) as UiTraceSummary);

/** A page a trace. */
const ask = async ({ after }: Readonly<Record<string, string>>) => {
  const at = Number(after ?? 0);
  return {
    traces: summaries.slice(at, at + 1),
    complete: true,
    ...(at + 1 < IDS.length ? { next: String(at + 1) } : {}),
  };
};
const found = async (digits: string) => (await tracesThatBegin(ask, digits, 10)).found.map(({ traceId }) => traceId);

it("finds ids by their first digits, those of 64 bits also without their leading zeros", async () => {
  expect(await found("0af7")).toEqual([IDS[0]]);
  expect(await found("bb00")).toEqual([IDS[1], IDS[2]]);
  expect(await found("bb00e")).toEqual([IDS[1]]);
  expect(await found("0000")).toEqual([IDS[1]]);
  expect(await found("cc")).toEqual([]);
});

it("says where it has not looked at all", async () => {
  expect(await tracesThatBegin(ask, "cc", 2)).toEqual({ found: [], seen: 2, complete: false });
});
