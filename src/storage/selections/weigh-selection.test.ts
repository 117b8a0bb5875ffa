import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, query } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, group, type NaiveSpan, naiveFind } from "../../../test/support/search/naive-search.ts";
import { SEED, seeded } from "../../../test/support/seed.ts";
import { plantedSet } from "../../../test/support/selections/planted-sets.ts";
import { weighPlanted } from "../../../test/support/selections/weigh-planted.ts";
import { Random } from "../../demo/random.ts";
import { anyValueText } from "../../model/any-value.ts";
import type { SelectionCounts, SelectionQuery } from "../../model/attribute-query.ts";
import { createTraceReader } from "../read/trace-reader.ts";
import { AttributeTally, sharedAttributes } from "./attribute-tally.ts";
import { HeldTraces } from "./found-traces.ts";

const { signal } = new AbortController();
const PATIENT = { budgetMs: 60_000 };

async function weigh(source: MemorySource, asked: SelectionQuery): Promise<SelectionCounts> {
  return (await createTraceReader(source).weigh?.(asked, signal)) as SelectionCounts;
}

/** Traces by what they have, over decoded spans; those of the services apart are left out. */
function naiveCounts(spans: readonly NaiveSpan[], { query: all, selected, failed }: SelectionQuery) {
  const found = naiveFind(spans, all);
  const wanted = selected && new Set(naiveFind(spans, selected).map(({ traceId }) => traceId));
  const chosen = found.filter(
    ({ traceId, errorCount }) => (wanted?.has(traceId) ?? true) && (!failed || errorCount > 0),
  );
  const isSelected = new Set(chosen.map(({ traceId }) => traceId));
  const counts = new Map<string, { selected: number; rest: number }>();
  // What came several times is stored several times: each has its attributes.
  const stored = new Map<string, NaiveSpan[]>();
  for (const one of spans) stored.set(one.span.traceId, [...(stored.get(one.span.traceId) ?? []), one]);
  for (const { traceId } of found) {
    const has = new Set<string>();
    for (const { span, resource } of stored.get(traceId) ?? []) {
      for (const [scope, attributes] of [
        ["span", span.attributes],
        ["resource", resource.attributes],
      ] as const) {
        for (const { key, value } of attributes) {
          has.add(`${scope} ${key}`);
          has.add(`${scope} ${key} = ${value.type} ${anyValueText(value)}`);
        }
      }
      has.add(`intrinsic name = string ${span.name}`);
    }
    for (const text of has) {
      const count = counts.get(text) ?? { selected: 0, rest: 0 };
      counts.set(text, count);
      if (isSelected.has(traceId)) count.selected++;
      else count.rest++;
    }
  }
  return { counts, selected: isSelected.size, rest: found.length - isSelected.size };
}

function told({ values }: SelectionCounts): Map<string, { selected: number; rest: number }> {
  const texts = values.flatMap(({ scope, key, value, service, selected, rest }) => {
    const text = value === undefined ? "" : ` = ${value.type} ${anyValueText(value)}`;
    return service === undefined ? [[`${scope} ${key}${text}`, { selected, rest }] as const] : [];
  });
  return new Map(texts);
}

describe("weighing the attributes of selected traces", () => {
  it("counts what a full scan counts, for any data and selection", async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        query,
        fc.option(query, { nil: undefined }),
        fc.boolean(),
        async (data, all, some, failed) => {
          const source = new MemorySource();
          for (const batch of data) source.append(batch);
          const asked: SelectionQuery = { query: all, ...(some && { selected: some }), failed, ...PATIENT };
          const naive = naiveCounts(flatten(data), asked);
          const counts = await weigh(source, asked);
          expect(counts.selected).toEqual({ found: naive.selected, counted: naive.selected });
          expect(counts.rest).toEqual({ found: naive.rest, counted: naive.rest });
          const shared = new Map([...naive.counts].filter(([, { selected, rest }]) => selected + rest > 1));
          const counted = new Map([...told(counts)].filter(([, { selected, rest }]) => selected + rest > 1));
          expect(counted).toEqual(shared);
        },
      ),
      { numRuns: 80, seed: SEED },
    );
  });

  it(
    "ranks what was planted first, in generated shops",
    seeded(async () => {
      const sets = Array.from({ length: 5 }, (_, i) => plantedSet(new Random(SEED + i)));
      const found = [];
      for (const set of sets) found.push((await weighPlanted(set, 60_000)).right);
      // 400 of 400 were right when this was written; one of five may be a set in which chance says more.
      expect(found.filter((right) => right).length).toBeGreaterThanOrEqual(4);
    }),
    60_000,
  );

  it("says how many it has counted when time is up, of both sides", async () => {
    const { traces, slowFrom } = plantedSet(new Random(SEED));
    const source = new MemorySource();
    for (const trace of traces) source.append(trace);
    const all = { filter: { op: "all" }, limit: 1 } as const;
    const selection =
      slowFrom === undefined ? { failed: true } : { selected: { ...all, traceDurationMin: slowFrom }, failed: false };
    const whole = await weigh(source, { query: all, ...selection, ...PATIENT });
    expect(whole.selected.found + whole.rest.found).toBe(group(flatten(traces)).size);
    const none = await weigh(source, { query: all, ...selection, budgetMs: 0 });
    expect(none).toMatchObject({
      selected: { found: whole.selected.found, counted: 0 },
      rest: { counted: 0 },
      values: [],
    });
  });

  it("ends when nobody waits for it any more, and lets others in meanwhile", async () => {
    const { traces } = plantedSet(new Random(SEED));
    const source = new MemorySource();
    for (const trace of traces) source.append(trace);
    const reader = createTraceReader(source);
    const all = { filter: { op: "all" }, limit: 1 } as const;
    const closed = new AbortController();
    const asked = reader.weigh?.({ query: all, failed: true, ...PATIENT }, closed.signal) as Promise<SelectionCounts>;
    const refused = expect(asked).rejects.toMatchObject({ code: "cancelled" });
    // It has begun: this one is answered between two of its steps.
    await reader.services(signal);
    closed.abort();
    await refused;
  });

  it("refuses what a search would refuse", async () => {
    const asked = { query: { filter: { op: "all" }, limit: 0 }, failed: true, ...PATIENT } as const;
    const source = new MemorySource();
    source.append([]);
    await expect(weigh(source, asked)).resolves.toMatchObject({ selected: { found: 0 } });
  });
});

describe("a tally", () => {
  const attributes = (values: Readonly<Record<string, string>>) =>
    sharedAttributes(Object.entries(values).map(([key, value]) => ({ key, value: { type: "string", value } })));

  it("keeps to its bounds, drops what is rare, and says what may be missing", () => {
    const tally = new AttributeTally({ values: 1_000, bytes: 1 << 20, spared: 50 });
    for (let trace = 0; trace < 20_000; trace++) {
      tally.nextTrace(trace % 10 === 0);
      const user = trace % 4 === 0 ? "whale" : `user-${trace}`;
      for (const one of attributes({ id: `${trace}`, user, host: `host-${trace % 7}` })) tally.addShared(one);
    }
    const { values, crowded } = tally.result();
    expect(values.length).toBeLessThan(2_000);
    expect(crowded.map(({ key }) => key).sort()).toEqual(["id", "user"]);
    const of = (key: string, text?: string) =>
      values.find((one) => one.key === key && (one.value === undefined ? undefined : anyValueText(one.value)) === text);
    expect(of("user", "whale")).toMatchObject({ selected: 1_000, rest: 4_000, missed: 0 });
    expect(of("host", "host-3")?.missed).toBe(0);
    expect(of("id")).toMatchObject({ selected: 2_000, rest: 18_000 });
  });

  it("keeps to its bounds within one trace, and does not hold long values", () => {
    const tally = new AttributeTally({ values: 1_000, bytes: 64 * 1024, spared: 50 });
    tally.nextTrace(true);
    for (let i = 0; i < 5_000; i++)
      for (const one of attributes({ id: `${i}`, sql: `${i}`.padEnd(5_000) })) tally.addShared(one);
    tally.nextTrace(false);
    const { values } = tally.result();
    expect(values.find(({ key, value }) => key === "sql" && value === undefined)).toMatchObject({
      selected: 1,
      rest: 0,
    });
    expect(values.filter(({ value }) => value !== undefined)).toEqual([]);
  });
});

describe("held traces", () => {
  it("are a part of those that were found, the same whenever and in whatever order they come", () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `trace ${i}`);
    const hold = (list: readonly string[]) => {
      const traces = new HeldTraces(300);
      for (const key of list) traces.add({ key, start: 0n, block: { segment: 1 as never, number: 1 } });
      return traces;
    };
    const [one, other] = [hold(keys), hold(keys.toReversed())];
    expect(one.found).toBe(5_000);
    expect(one.held.length).toBeGreaterThan(100);
    expect(one.held.length).toBeLessThanOrEqual(300);
    expect(new Set(one.held.map(({ key }) => key))).toEqual(new Set(other.held.map(({ key }) => key)));
  });
});
