import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { Metrics } from "../../component/metrics.ts";
import type { KeyValue } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, STATUS_CODE, type TracesData } from "../../model/span.ts";
import { NO_THRESHOLD } from "../../model/span-columns.ts";
import { HeadSampler } from "./head-sampler.ts";
import { samplingConfig } from "./sampling-config.ts";

interface TestSpan {
  readonly traceId?: string;
  readonly name?: string;
  readonly service?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly attributes?: readonly KeyValue[];
}

const int = (key: string, value: number): KeyValue => ({ key, value: { type: "int", value: BigInt(value) } });
const string = (key: string, value: string): KeyValue => ({ key, value: { type: "string", value } });

let serial = 0;
function traces(spans: readonly TestSpan[]): TracesData {
  return spans.map((given) => {
    const span: Span = {
      traceId: given.traceId ?? id(0.5),
      spanId: (++serial).toString(16).padStart(16, "0"),
      parentSpanId: "",
      traceState: given.traceState ?? "",
      flags: given.flags ?? 0x100,
      name: given.name ?? "op",
      kind: SPAN_KIND.server,
      startTimeUnixNano: 1n,
      endTimeUnixNano: 2n,
      attributes: given.attributes ?? [],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      status: { code: STATUS_CODE.unset, message: "" },
    };
    const attributes = [string("service.name", given.service ?? "shop"), string("region", "eu")];
    return {
      resource: { attributes, droppedAttributesCount: 0, entityRefs: [] },
      schemaUrl: "",
      scopeSpans: [
        { scope: { name: "s", version: "", attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans: [span] },
      ],
    };
  });
}

/** A trace id whose randomness is this share of 2^56; `tail` makes it distinct. */
function id(share: number, tail = 1): string {
  const r = (BigInt(Math.floor(share * 2 ** 40)) << 16n) | BigInt(tail);
  return `abcdef0000000000ab${r.toString(16).padStart(14, "0")}`;
}

function sampler(config: unknown) {
  const metrics = new Metrics();
  let now = 0;
  const head = new HeadSampler(samplingConfig.parse(config), { metrics, now: () => now });
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  return {
    advance: (ms: number) => {
      now += ms;
    },
    /** For each span: its threshold where one was set (`th:=` where it is the span's own), `kept` or `dropped`. */
    run: (spans: readonly TestSpan[]): string[] => {
      const body = encodeTraces(traces(spans));
      const { keep, columns, dropped } = head.sample(scanner.scan(body), body);
      const rows = new Set(keep ?? spans.map((_, row) => row));
      expect(rows.size + dropped).toBe(spans.length);
      return spans.map((_, row) => {
        if (!rows.has(row)) return "dropped";
        const index = columns.thresholdIndex?.[row] ?? NO_THRESHOLD;
        return index === NO_THRESHOLD ? "kept" : `th:${columns.strings[index]}`;
      });
    },
    count: (name: string, rule: string): number =>
      metrics.snapshot().find((s) => s.name === `spanloom_sampling_${name}_spans_total` && s.labels.rule === rule)
        ?.value ?? 0,
  };
}

describe("without a setting", () => {
  it("keeps everything and hands the very columns back", () => {
    const head = new HeadSampler(samplingConfig.parse({}), { metrics: new Metrics(), now: () => 0 });
    const body = encodeTraces(traces([{ attributes: [int("sampling.priority", 0)] }, { traceState: "x=ot" }]));
    const scan = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
    expect(head.sample(scan, body)).toEqual({ keep: undefined, columns: scan.columns, dropped: 0 });
    expect(head.sample(scan, body).columns).toBe(scan.columns);
  });
});

describe("a threshold that comes with the span", () => {
  it("is noted where it holds, and the trace state stays as it is", () => {
    const { run } = sampler({});
    expect(
      run([
        { traceId: id(0.9), traceState: "ot=th:c" },
        { traceId: id(0.9), traceState: "rojo=1, ot=rv:80000000000000;th:40" },
        { traceId: id(0.9), traceState: "ot=th:0" },
        { traceId: id(0.1), traceState: "ot=th:0" },
      ]),
    ).toEqual(["th:=c", "th:=4", "th:=0", "th:=0"]);
  });

  it("is unknown where there is none, none of the right form, or one that the span contradicts", () => {
    const { run } = sampler({});
    const traceStates = ["", "rojo=th:8", "ot=rv:ffffffffffffff", "ot=th:8A", "ot=th:0123456789abcde", "xot=th:8"];
    expect(run(traceStates.map((traceState) => ({ traceId: id(0.9), traceState })))).toEqual(
      traceStates.map(() => "kept"),
    );
    expect(run([{ traceId: id(0.4), traceState: "ot=th:8" }])).toEqual(["kept"]);
    expect(run([{ traceId: id(0.9), traceState: "ot=th:8;rv:7fffffffffffff" }])).toEqual(["kept"]);
  });

  it("belongs to its own span, whatever came before it", () => {
    const { run } = sampler({});
    const traceState = "ot=th:8";
    expect(
      run([
        { traceId: id(0.9), traceState },
        { traceId: id(0.4), traceState },
        { traceId: id(0.8) },
        { traceId: id(0.7), traceState },
        { traceId: id(0.9), traceState: "ot=th:4" },
      ]),
    ).toEqual(["th:=8", "kept", "kept", "th:=8", "th:=4"]);
  });

  it("holds on where a rule keeps the span with certainty, and not where something else decided", () => {
    const { run } = sampler({ ratio: 0.5, rules: [{ service: "a", always: true }] });
    const traceState = "ot=th:4";
    expect(
      run([
        { service: "a", traceId: id(0.3), traceState },
        { service: "b", traceId: id(0.9), traceState },
      ]),
    ).toEqual(["th:=4", "th:8"]);
  });
});

describe("equalizing", () => {
  it("keeps R ≥ T and notes the threshold", () => {
    const { run, count } = sampler({ ratio: 0.25 });
    expect(run([{ traceId: id(0.75) }, { traceId: id(0.74) }, { traceId: id(0.99) }])).toEqual([
      "th:c",
      "dropped",
      "th:c",
    ]);
    expect([count("kept", "ratio"), count("dropped", "ratio")]).toEqual([2, 1]);
  });

  it("raises an incoming threshold and never lowers one", () => {
    const { run } = sampler({ ratio: 0.5 });
    expect(run([{ traceId: id(0.8), traceState: "ot=th:4" }])).toEqual(["th:8"]);
    expect(run([{ traceId: id(0.8), traceState: "x=y,ot=th:c" }])).toEqual(["th:=c"]);
  });

  it("erases a threshold that its span contradicts", () => {
    const { run } = sampler({ ratio: 0.5 });
    expect(run([{ traceId: id(0.6), traceState: "ot=th:c" }])).toEqual(["th:"]);
    expect(run([{ traceId: id(0.4), traceState: "ot=th:c" }])).toEqual(["dropped"]);
  });

  it("takes the randomness of the trace state before the trace id's", () => {
    const { run } = sampler({ ratio: 0.5 });
    expect(run([{ traceId: id(0.1), traceState: "ot=rv:90000000000000" }])).toEqual(["th:8"]);
    expect(run([{ traceId: id(0.9), traceState: "ot=rv:10000000000000" }])).toEqual(["dropped"]);
  });

  it("does not mind a missing sampled bit", () => {
    expect(sampler({ ratio: 0.5 }).run([{ traceId: id(0.9), flags: 0 }])).toEqual(["th:8"]);
  });

  it("drops all at ratio 0", () => {
    expect(sampler({ ratio: 0 }).run([{ traceId: id(0.99999) }])).toEqual(["dropped"]);
  });
});

describe("proportional", () => {
  it("applies the ratio to what arrives", () => {
    const { run } = sampler({ mode: "proportional", ratio: 0.5 });
    const traceState = "ot=th:8";
    expect(
      run([
        { traceId: id(0.8), traceState },
        { traceId: id(0.7), traceState },
      ]),
    ).toEqual(["th:c", "dropped"]);
    expect(run([{ traceId: id(0.6) }])).toEqual(["th:8"]);
  });
});

describe("hash_seed", () => {
  it("keeps about the ratio, independent of the id's own randomness, and writes the ratio's th", () => {
    const { run } = sampler({ mode: "hash_seed", hash_seed: 22, ratio: 0.3 });
    const kept = run(Array.from({ length: 4_000 }, (_, i) => ({ traceId: id(0.9, i + 1), traceState: "ot=th:8" })));
    expect(new Set(kept)).toEqual(new Set(["th:b334", "dropped"]));
    const share = kept.filter((k) => k !== "dropped").length / 4_000;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.04);
  });

  it("leaves a higher th where either randomness allows it, and raises a lower one", () => {
    const spans = (traceState: string, share: number) =>
      Array.from({ length: 500 }, (_, i) => ({ traceId: id(share, i + 1), traceState }));
    const kept = (traceState: string, share: number) =>
      new Set(sampler({ mode: "hash_seed", hash_seed: 22, ratio: 0.3 }).run(spans(traceState, share)));
    expect(kept("ot=th:c", 0.9)).toEqual(new Set(["th:=c", "dropped"]));
    expect(kept("ot=th:1", 0.9)).toEqual(new Set(["th:b334", "dropped"]));
    expect(kept("", 0.1)).toEqual(new Set(["th:b334", "dropped"]));
    // Of those in the kept buckets the hash allows 0.25 of 0.3; the rest was told something impossible.
    expect(kept("ot=th:c", 0.1)).toEqual(new Set(["th:c", "th:b334", "dropped"]));
  });
});

describe("properties", () => {
  const share = fc.double({ min: 0, max: 0.999999, noNaN: true });
  const ratio = fc.double({ min: 0.0001, max: 1, noNaN: true });

  it("what a smaller ratio keeps, a larger one keeps", () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 20 }), ratio, ratio, (shares, a, b) => {
        const spans = shares.map((s) => ({ traceId: id(s) }));
        const few = sampler({ ratio: Math.min(a, b) }).run(spans);
        const many = sampler({ ratio: Math.max(a, b) }).run(spans);
        for (const [i, one] of few.entries()) if (one !== "dropped") expect(many[i]).not.toBe("dropped");
      }),
      { numRuns: 60 },
    );
  });

  it("two stages keep what the stricter one keeps, with its threshold", () => {
    fc.assert(
      fc.property(share, ratio, ratio, (s, a, b) => {
        const [first] = sampler({ ratio: a }).run([{ traceId: id(s) }]) as [string];
        if (first === "dropped") return;
        const traceState = first.startsWith("th:") ? `ot=${first}` : "";
        const [second] = sampler({ ratio: b }).run([{ traceId: id(s), traceState }]) as [string];
        const [direct] = sampler({ ratio: Math.min(a, b) }).run([{ traceId: id(s) }]) as [string];
        expect((second === "kept" ? first : second).replace("th:=", "th:")).toBe(direct);
      }),
      { numRuns: 100 },
    );
  });

  it.each([0.5, 0.1, 0.02])("keeps %d of random traces", (p) => {
    const spans = Array.from({ length: 6_000 }, (_, i) => ({
      traceId: createHash("sha256").update(String(i)).digest("hex").slice(0, 32),
    }));
    const kept = sampler({ ratio: p })
      .run(spans)
      .filter((k) => k !== "dropped").length;
    expect(Math.abs(kept / 6_000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 6_000));
  });
});

describe("rules", () => {
  it("the first that matches decides; the ratio where none does", () => {
    const { run, count } = sampler({
      ratio: 0,
      rules: [
        { name: "health", operation: "GET /health*", never: true },
        { service: "pay*", attributes: { "http.status_code": 500, region: "eu" }, always: true },
        { service: "pay*", ratio: 0.5 },
      ],
    });
    expect(
      run([
        { service: "payments", name: "GET /healthz", attributes: [int("http.status_code", 500)] },
        { service: "payments", traceId: id(0.1), attributes: [int("http.status_code", 500)] },
        { service: "payments", traceId: id(0.1), attributes: [string("http.status_code", "200")] },
        { service: "payments", traceId: id(0.9) },
        { service: "repayments", traceId: id(0.9) },
      ]),
    ).toEqual(["dropped", "kept", "dropped", "th:8", "dropped"]);
    expect([
      count("dropped", "health"),
      count("kept", "rules[1]"),
      count("kept", "rules[2]"),
      count("dropped", "ratio"),
    ]).toEqual([1, 1, 1, 1]);
  });

  it("a rate limit decides once for each trace and gives tokens back with time", () => {
    const { run, advance } = sampler({ rules: [{ rate_limit_traces_per_second: 2 }] });
    const [a, b, c] = [id(0.1, 1), id(0.1, 2), id(0.1, 3)];
    expect(run([a, b, c, a, c].map((traceId) => ({ traceId })))).toEqual([
      "kept",
      "kept",
      "dropped",
      "kept",
      "dropped",
    ]);
    advance(1_000);
    expect(run([{ traceId: c }, { traceId: id(0.1, 4) }])).toEqual(["dropped", "kept"]);
    expect(run([{ traceId: a, traceState: "ot=th:0" }])).toEqual(["th:"]);
  });
});

describe("sampling.priority", () => {
  const keep = [int("sampling.priority", 1)];
  const drop = [int("sampling.priority", 0)];

  it("above 0 keeps the span and the rest of its trace, in this batch and later", () => {
    const { run, count } = sampler({ ratio: 0, rules: [{ service: "noisy", never: true }] });
    const traceId = id(0.1);
    expect(run([{ traceId, service: "noisy" }, { traceId, attributes: keep }, { traceId: id(0.2) }])).toEqual([
      "th:0",
      "th:0",
      "dropped",
    ]);
    expect(run([{ traceId }])).toEqual(["th:0"]);
    expect([count("kept", "sampling_priority"), count("kept", "remembered_trace")]).toEqual([1, 2]);
  });

  it("0 drops the span, also of a remembered trace", () => {
    const { run, count } = sampler({ ratio: 0.999 });
    const traceId = id(0.9);
    expect(
      run([
        { traceId, attributes: keep },
        { traceId, attributes: drop },
      ]),
    ).toEqual(["th:0", "dropped"]);
    expect(count("dropped", "sampling_priority")).toBe(1);
  });

  it("leaves a th that holds, and replaces one that cannot be", () => {
    const { run } = sampler({ ratio: 0 });
    expect(
      run([
        { traceId: id(0.9), traceState: "ot=th:8", attributes: keep },
        { traceId: id(0.1), traceState: "ot=th:8", attributes: keep },
      ]),
    ).toEqual(["th:=8", "th:0"]);
  });

  it("is remembered for a bounded number of traces", () => {
    const { run } = sampler({ ratio: 0, remembered_traces: 2 });
    const ids = [id(0.1, 1), id(0.1, 2), id(0.1, 3)];
    run(ids.map((traceId) => ({ traceId, attributes: keep })));
    expect(run(ids.map((traceId) => ({ traceId })))).toEqual(["dropped", "th:0", "th:0"]);
  });
});
