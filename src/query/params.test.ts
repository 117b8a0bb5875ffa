import { describe, expect, it } from "vitest";
import { boolParam, durationParam, intParam, parseGoDuration, timeParam } from "./params.ts";
import { DEFAULT_SEARCH_LIMIT, formatPageKey, parseSearchParams } from "./search-params.ts";

const of = (query: string) => new URLSearchParams(query);

describe("Go durations", () => {
  it.each([
    ["0", 0n],
    ["1.2s", 1_200_000_000n],
    ["300ms", 300_000_000n],
    ["100us", 100_000n],
    ["100µs", 100_000n],
    ["100μs", 100_000n],
    ["1h2m3.5s", 3_723_500_000_000n],
    [".5ms", 500_000n],
    ["1.s", 1_000_000_000n],
    ["0.000000001s", 1n],
    ["+5ns", 5n],
    ["2562047h", 9_223_369_200_000_000_000n],
  ])("%s", (text, nanos) => expect(parseGoDuration(text)).toBe(nanos));

  it.each(["", "5", "s", "1.2.3s", "1 s", "-1s", "1d", "1S", "1h-2m", ".s", "2562048h", "1e3s"])("not '%s'", (text) =>
    expect(parseGoDuration(text)).toBeUndefined(),
  );

  it("name the parameter and what was expected", () => {
    expect(() => durationParam(of("minDuration=5"), "minDuration")).toThrow(
      "unable to parse param 'minDuration': got '5', expected a duration with a unit",
    );
  });
});

describe("times", () => {
  it("tell ms, µs and ns by magnitude, exactly", () => {
    const nanos = 1_795_392_039_440_123_456n;
    expect(timeParam(of("t=1795392039440"), "t")).toBe(1_795_392_039_440_000_000n);
    expect(timeParam(of("t=1795392039440123"), "t")).toBe(1_795_392_039_440_123_000n);
    expect(timeParam(of(`t=${nanos}`), "t")).toBe(nanos);
    expect(timeParam(of("t=0"), "t")).toBe(0n);
    expect(timeParam(of("t="), "t")).toBeUndefined();
    expect(timeParam(of(""), "t")).toBeUndefined();
  });

  it.each(["-1", "1.5", "1e15", "now", "12345678901234567890"])("refuse '%s'", (text) =>
    expect(() => timeParam(of(`t=${text}`), "t")).toThrow("param 't'"),
  );
});

it("booleans and integers are strict", () => {
  expect(boolParam(of("raw=T"), "raw")).toBe(true);
  expect(boolParam(of("raw=0"), "raw")).toBe(false);
  expect(boolParam(of(""), "raw")).toBe(false);
  expect(() => boolParam(of("raw=yes"), "raw")).toThrow("true or false");
  expect(intParam(of("n=7"), "n", 1, 9)).toBe(7);
  for (const text of ["0", "10", "1.0", "0x5", "1e0"])
    expect(() => intParam(of(`n=${text}`), "n", 1, 9)).toThrow("from 1 to 9");
});

describe("search parameters", () => {
  const now = 1_000_000_000_000_000_000n;

  it("empty are everything, 20 at most", () => {
    expect(parseSearchParams(of(""), now)).toEqual({ filter: { op: "all" }, limit: DEFAULT_SEARCH_LIMIT });
  });

  it("join all conditions for one span", () => {
    const query = parseSearchParams(of("service=a&operation=b&minDuration=1us&maxDuration=2us&limit=3"), now);
    expect(query.limit).toBe(3);
    expect(query.filter).toEqual({
      op: "and",
      of: [
        { op: "compare", field: { intrinsic: "service" }, is: "=", value: { type: "string", value: "a" } },
        { op: "compare", field: { intrinsic: "name" }, is: "=", value: { type: "string", value: "b" } },
        { op: "compare", field: { intrinsic: "duration" }, is: ">=", value: { type: "int", value: 1000n } },
        { op: "compare", field: { intrinsic: "duration" }, is: "<=", value: { type: "int", value: 2000n } },
      ],
    });
  });

  it("count lookback from end or now, unless start is given or it is no duration", () => {
    const hour = 3_600_000_000_000n;
    expect(parseSearchParams(of("lookback=1h"), now).startMin).toBe(now - hour);
    expect(parseSearchParams(of("lookback=2d&end=1795392039440123"), now).startMin).toBe(
      1_795_392_039_440_123_000n - 48n * hour,
    );
    expect(parseSearchParams(of("lookback=1h&start=1795392039440"), now).startMin).toBe(1_795_392_039_440_000_000n);
    expect(parseSearchParams(of("lookback=custom"), now).startMin).toBeUndefined();
  });

  const tag = (key: string, value: string) => ({
    op: "compare",
    field: { scope: "any", key },
    is: "=",
    value: { type: "text", value },
  });

  it("read tags from JSON and from tag, values with colons, the last of a key", () => {
    expect(parseSearchParams(of("tag=url:http://a"), now).filter).toEqual(tag("url", "http://a"));
    expect(parseSearchParams(of("tag=a=b"), now).filter).toEqual(tag("a", "b"));
    const json = encodeURIComponent('{"http.status_code":500,"x":"y"}');
    expect(parseSearchParams(of(`tag=x:z&tags=${json}`), now).filter).toEqual({
      op: "and",
      of: [tag("x", "y"), { op: "or", of: [tag("http.status_code", "500"), tag("http.response.status_code", "500")] }],
    });
  });

  it("look under the names of other semantic conventions, unless told not to", () => {
    expect(parseSearchParams(of("tag=db.system:mssql"), now).filter).toEqual({
      op: "or",
      of: [tag("db.system", "mssql"), tag("db.system.name", "microsoft.sql_server")],
    });
    expect(parseSearchParams(of("tag=db.system:mssql&exactTags=true"), now).filter).toEqual(tag("db.system", "mssql"));
    expect(() => parseSearchParams(of("tag=a:b&exactTags=maybe"), now)).toThrow("'exactTags'");
  });

  it("know the tags that stand for fields", () => {
    const status = (value: number) => ({
      op: "compare",
      field: { intrinsic: "status" },
      is: "=",
      value: { type: "status", value },
    });
    expect(parseSearchParams(of("tag=error:true"), now).filter).toEqual({
      op: "or",
      of: [status(2), tag("error", "true")],
    });
    expect(parseSearchParams(of("tag=error:false"), now).filter).toEqual({ op: "not", of: status(2) });
    expect(parseSearchParams(of("tag=error:timeout"), now).filter).toEqual(tag("error", "timeout"));
    expect(parseSearchParams(of("tag=otel.status_code:ok"), now).filter).toMatchObject({ of: [status(1), {}] });
    expect(parseSearchParams(of("tag=span.kind:client"), now).filter).toMatchObject({
      of: [{ field: { intrinsic: "kind" }, value: { type: "kind", value: 3 } }, tag("span.kind", "client")],
    });
    expect(parseSearchParams(of("tag=span.kind:sideways"), now).filter).toEqual(tag("span.kind", "sideways"));
  });

  it("take their own page key back", () => {
    const key = { start: 17n, traceId: "ab".repeat(16) };
    expect(parseSearchParams(of(`after=${formatPageKey(key)}`), now).after).toEqual(key);
    expect(() => parseSearchParams(of("after=17"), now)).toThrow("'after'");
  });
});
