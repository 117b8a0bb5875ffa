import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../model/collections/token-bucket.ts";
import { globMatcher } from "./glob.ts";
import { samplingConfig } from "./sampling-config.ts";
import { keptBuckets, traceIdBucket } from "./trace-id-hash.ts";

describe("globMatcher", () => {
  it.each([
    ["shop*", "shop-front", true],
    ["shop*", "my-shop", false],
    ["GET /health?", "GET /healthz", true],
    ["GET /health?", "GET /health", false],
    ["*.sql", "a\nb.sql", true],
    ["a.b", "axb", false],
    ["a.b*", "axbc", false],
    ["[x]*", "[x]1", true],
    ["*", "", true],
    ["?", "😀", true],
  ])("%j of %j: %s", (pattern, text, matches) => {
    const match = globMatcher(pattern);
    expect([match(text), match(text)]).toEqual([matches, matches]);
  });
});

describe("TokenBucket", () => {
  it("lets a second's worth through at once and then the rate", () => {
    let now = 1_000;
    const bucket = new TokenBucket(5, () => now);
    const taken = () => Array.from({ length: 20 }, () => bucket.take()).filter(Boolean).length;
    expect(taken()).toBe(5);
    now += 400;
    expect(taken()).toBe(2);
    now -= 10_000;
    expect(taken()).toBe(0);
    now += 60_000;
    expect(taken()).toBe(5);
  });

  it("waits for a whole token at rates below one", () => {
    let now = 0;
    const bucket = new TokenBucket(0.1, () => now);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    for (let i = 0; i < 99; i++) now += 100;
    expect(bucket.take()).toBe(false);
    now += 100;
    expect(bucket.take()).toBe(true);
  });
});

describe("hash_seed", () => {
  it("is FNV-1a over the seed, little endian, and the id", () => {
    const fnv = (bytes: number[]): number =>
      Number(bytes.reduce((hash, byte) => ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffff_ffffn, 0x811c9dc5n)) & 0x3fff;
    const id = Uint8Array.from({ length: 16 }, (_, i) => i * 13);
    expect(traceIdBucket(id, 0, 0)).toBe(fnv([0, 0, 0, 0, ...id]));
    expect(traceIdBucket(Uint8Array.of(9, ...id), 1, 0x87654321)).toBe(fnv([0x21, 0x43, 0x65, 0x87, ...id]));
  });

  it("keeps a share of 2^14 buckets, rounded down", () => {
    expect([1, 0.5, 0.15, 0.01, 0.00001].map(keptBuckets)).toEqual([16_384, 8_192, 2_457, 163, 0]);
  });
});

describe("samplingConfig", () => {
  const messages = (config: unknown): string[] =>
    (samplingConfig.safeParse(config).error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);

  it("keeps everything by default", () => {
    expect(samplingConfig.parse({})).toMatchObject({ mode: "equalizing", ratio: 1, rules: [] });
  });

  it.each([
    [
      { rules: [{ service: "a" }] },
      "rules.0: a rule has exactly one of ratio, rate_limit_traces_per_second, always, never; found none",
    ],
    [{ rules: [{ service: "a", ratio: 0.5, never: true }] }, "found ratio and never together"],
    [{ hash_seed: 7 }, "hash_seed: hash_seed has no meaning in mode equalizing"],
    [
      { rules: [{ always: true }, { service: "a", never: true }] },
      "rules.0: matches every span, so the 1 rules after it",
    ],
    [{ ratio: 1.5 }, "ratio: "],
    [{ rules: [{ rate_limit_traces_per_second: 0 }] }, "rules.0.rate_limit_traces_per_second: "],
    [{ rules: [{ sevice: "a", never: true }] }, 'Unrecognized key: "sevice"'],
  ])("refuses %j", (config, text) => {
    expect(messages(config).join("\n")).toContain(text);
  });
});
