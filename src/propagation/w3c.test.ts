import { describe, expect, it } from "vitest";
import { NOTHING_PROPAGATED } from "./context.ts";
import { w3cPropagator } from "./w3c.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const PARENT = `00-${TRACE}-${SPAN}-01`;

function extract(traceparent: string | string[] | undefined, tracestate?: string | string[]) {
  return w3cPropagator.extract({ traceparent, tracestate });
}

describe("traceparent", () => {
  it("reads version 00", () => {
    expect(extract(PARENT)).toEqual({
      span: { traceId: TRACE, spanId: SPAN, flags: 1, traceState: "" },
      sampling: "keep",
      baggage: [],
    });
    expect(extract(`00-${TRACE}-${SPAN}-00`).sampling).toBe("drop");
  });

  it.each([`cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-extra`, `cc-${TRACE}-${SPAN}-01-`, ` \t${PARENT}\t `])(
    "accepts %j",
    (text) => {
      expect(extract(text).span).toMatchObject({ traceId: TRACE, spanId: SPAN, flags: 1 });
    },
  );

  it.each([
    `cc-${TRACE}-${SPAN}-01.extra`,
    `${PARENT}-`,
    `${PARENT}-extra`,
    `${PARENT}.extra`,
    `${PARENT}, ${PARENT}`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN.toUpperCase()}-01`,
    `CC-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-0`,
    `00-${TRACE}-${SPAN}-001`,
    `00-${TRACE}-${SPAN}-.0`,
    `00-${TRACE}-${SPAN}`,
    `0-${TRACE}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}1-01`,
    "",
    "garbage",
  ])("starts a new trace and drops the trace state for %j", (text) => {
    expect(extract(text, "foo=1")).toEqual(NOTHING_PROPAGATED);
  });

  it("starts a new trace for a repeated header", () => {
    expect(extract([PARENT, PARENT], "foo=1")).toEqual(NOTHING_PROPAGATED);
  });

  it("keeps the random flag and zeroes the bits it does not know", () => {
    expect(extract(`00-${TRACE}-${SPAN}-02`).span?.flags).toBe(2);
    expect(extract(`00-${TRACE}-${SPAN}-ff`).span?.flags).toBe(3);
    const context = extract(`cc-${TRACE}-${SPAN}-ff-more`);
    expect(w3cPropagator.inject(context)).toEqual([["traceparent", `00-${TRACE}-${SPAN}-03`]]);
  });

  it("finds headers in any case and in every kind of carrier", () => {
    expect(w3cPropagator.extract({ TraceParent: PARENT }).span?.traceId).toBe(TRACE);
    expect(w3cPropagator.extract(new Map([["TRACEPARENT", PARENT]])).span?.traceId).toBe(TRACE);
    expect(w3cPropagator.extract(new Headers({ traceparent: PARENT })).span?.traceId).toBe(TRACE);
    expect(w3cPropagator.extract(new Request("http://a/", { headers: { traceparent: PARENT } })).span?.spanId).toBe(
      SPAN,
    );
    expect(w3cPropagator.extract([["Traceparent", PARENT]]).span?.spanId).toBe(SPAN);
  });
});

describe("tracestate", () => {
  const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");

  it.each([
    members(33),
    `${"k".repeat(257)}=1`,
    "@foo=1",
    "FOO=1",
    "foo=",
    "foo=a=b=c",
    "a=b=c",
    "foo",
    "foo =1",
    "fo o=1",
    "foo=1;bar=2,ba r=3",
    `foo=${"v".repeat(257)}`,
    "foo=\u00e9",
  ])("is discarded, the parent kept, for %j", (state) => {
    expect(extract(PARENT, state).span).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1, traceState: "" });
  });

  it.each([
    members(32),
    `${"k".repeat(256)}=1`,
    `foo=${"v".repeat(256)}`,
    "foo@=1",
    "foo@@bar=1",
    "foo@bar=1,1st=x",
    "foo=a b;c:d",
  ])("is kept for %j", (state) => {
    expect(extract(PARENT, state).span?.traceState).toBe(state);
  });

  it("merges several headers in order and skips empty members and optional space", () => {
    expect(extract(PARENT, ["foo=1 \t ,", "", ",bar=2", "\tbaz=3"]).span?.traceState).toBe("foo=1,bar=2,baz=3");
  });

  it("counts the members of all headers together", () => {
    expect(extract(PARENT, [members(20), members(13)]).span?.traceState).toBe("");
  });

  it("keeps the first of two entries of one key", () => {
    expect(extract(PARENT, "foo=1,bar=2,foo=3").span?.traceState).toBe("foo=1,bar=2");
  });

  it("is sent on whole up to 512 characters, and beyond cut by whole entries, those over 128 characters first", () => {
    const entry = (key: string, length: number): string => `${key}=${"v".repeat(length - key.length - 1)}`;
    const sent = (state: string) => new Map(w3cPropagator.inject(extract(PARENT, state))).get("tracestate");
    const fits = [entry("a", 257), entry("b", 254)].join(",");
    expect(fits).toHaveLength(512);
    expect(sent(fits)).toBe(fits);
    const small = Array.from({ length: 20 }, (_, i) => entry(`k${i}`, 100));
    const large = [entry("x", 200), entry("y", 250)];
    expect(sent([large[0], ...small, large[1]].join(","))).toBe(small.join(","));
  });

  it("is sent on beside the parent", () => {
    const context = extract(PARENT, "foo=1,bar=2");
    expect(w3cPropagator.inject(context)).toEqual([
      ["traceparent", PARENT],
      ["tracestate", "foo=1,bar=2"],
    ]);
  });
});
