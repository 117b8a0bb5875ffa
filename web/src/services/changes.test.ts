import { describe, expect, it } from "vitest";
import type { UiRedResponse, UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { beforeWords, changesOf, changeWords, newsOf, seenSeconds } from "./changes.ts";

const measured = (calls: number, errors: number, p95Ms: number, spans = calls, seconds = 3600) => ({
  series: { calls, errors, spans, p95Nano: p95Ms * 1e6 },
  seconds,
});
const texts = (...given: Parameters<typeof changesOf>) => changesOf(...given).map(changeWords);

describe("what changed", () => {
  it("is said of a rate, a share of errors and a p95 that differ", () => {
    expect(texts(measured(7200, 720, 400), measured(3600, 36, 100))).toEqual([
      "rate 2/s, was 1/s",
      "failed 10 %, was 1 %",
      "p95 400 ms, was 100 ms",
    ]);
    const [rate, errors, p95] = changesOf(measured(3600, 0, 100), measured(7200, 720, 400));
    expect([rate, errors, p95].map((change) => [change?.up, change?.worse])).toEqual([
      [false, undefined],
      [false, false],
      [false, false],
    ]);
  });

  it("is nothing where chance explains it", () => {
    expect(texts(measured(12, 1, 900), measured(6, 0, 100))).toEqual([]);
    expect(texts(measured(1000, 12, 100), measured(1000, 8, 100))).toEqual([]);
    expect(texts(measured(3700, 37, 101), measured(3600, 36, 100))).toEqual([]);
    // Ten sampled spans that stand for a thousand say less than a thousand.
    expect(texts(measured(1500, 0, 1, 15), measured(1000, 0, 1, 10))).toEqual([]);
    expect(texts(measured(1500, 0, 1), measured(1000, 0, 1))).toEqual(["rate 25/min, was 16.7/min"]);
  });

  it("is nothing of microseconds, and of quantiles of a few spans", () => {
    expect(texts(measured(5000, 0, 0.9), measured(5000, 0, 0.1))).toEqual([]);
    expect(texts(measured(90, 0, 500), measured(90, 0, 100))).toEqual([]);
    expect(texts(measured(500, 0, 140), measured(500, 0, 100))).toEqual([]);
    expect(texts(measured(5000, 0, 140), measured(5000, 0, 100))).toEqual(["p95 140 ms, was 100 ms"]);
  });

  it("says that a service is called no more, and that it is now", () => {
    expect(texts(measured(0, 0, 0), measured(3600, 36, 100))).toEqual(["rate 0/s, was 1/s"]);
    expect(texts(measured(3600, 36, 100), measured(0, 0, 0))).toEqual(["rate 1/s, was 0/s"]);
  });
});

describe("what the store has seen of a period", () => {
  const response = (...calls: number[][]) =>
    ({
      startMs: 0,
      coveredEndMs: 400_000,
      stepMs: 100_000,
      points: 4,
      services: calls.map((list) => ({ series: { calls: list } as unknown as UiRedSeries["series"] })),
    }) as unknown as UiRedResponse;

  it("begins with the first call of any service", () => {
    expect(seenSeconds(response([0, 0, 1, 1], [0, 3, 0, 0]))).toBe(300);
    expect(seenSeconds(response([1, 0, 0, 0]))).toBe(400);
  });
  it("is too little where there is none, or only at the end", () => {
    expect(seenSeconds(response())).toBeUndefined();
    expect(seenSeconds(response([0, 0, 0, 0]))).toBeUndefined();
  });
});

it("names the period before", () => {
  expect(["1h", "15m", "2d", "24h", "90s"].map(beforeWords)).toEqual([
    "the hour before",
    "the 15 minutes before",
    "the 2 days before",
    "the day before",
    "the period before",
  ]);
});

describe("what is told of services", () => {
  const busier = changesOf(measured(7200, 0, 100), measured(3600, 0, 100));
  const worse = changesOf(measured(7200, 720, 100), measured(3600, 0, 100));
  it("is the worst first, and once that most are called more", () => {
    const services = ["a", "b", "c", "d"].map((name) => ({ name, changes: name === "c" ? worse : busier }));
    const { news, everywhere } = newsOf(services);
    expect(everywhere).toBe("up");
    expect(news.map(({ name, change }) => `${name}: ${changeWords(change)}`)).toEqual(["c: failed 10 %, was 0 %"]);
  });
  it("is each by itself where few are", () => {
    const services = [{ name: "a", changes: busier }, ...["b", "c", "d"].map((name) => ({ name, changes: [] }))];
    expect(newsOf(services).everywhere).toBeUndefined();
    expect(newsOf(services).news.map(({ name }) => name)).toEqual(["a"]);
  });
});
