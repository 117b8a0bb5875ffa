import { describe, expect, it } from "vitest";
import { manyServices } from "../../../test/support/query/call-graph.ts";
import { errorLevel, errorShare, neighbourhood, serviceNames, shownLinks } from "./map-figures.ts";

describe("figures of the map", () => {
  it("tells a failure in 1,958 calls from one in seven", () => {
    expect([0, 1 / 1958, 0.0099, 0.01, 0.049, 0.05, 1].map(errorLevel)).toEqual([
      "none",
      "few",
      "few",
      "some",
      "some",
      "many",
      "many",
    ]);
    expect(errorShare({ parent: "a", child: "b", callCount: 0, errorCount: 0 })).toBe(0);
  });

  it("draws all of up to 60 services, and of more those that take part in most calls, unless asked for all", () => {
    const few = manyServices(40);
    expect(shownLinks(few, undefined, false).links).toBe(few);
    const many = manyServices(120);
    const names = serviceNames(many);
    expect(names.length).toBeGreaterThan(100);
    const shown = shownLinks(many, undefined, false);
    expect(shown.services).toBeGreaterThan(40);
    expect(shown.services).toBeLessThanOrEqual(60);
    const most = many.toSorted((a, b) => b.callCount - a.callCount)[0];
    expect(shown.links).toContain(most);
    expect(shownLinks(many, undefined, true)).toEqual({ links: many, services: names.length });
  });

  it("draws a service with its neighbours, and the calls among them", () => {
    const link = (parent: string, child: string) => ({ parent, child, callCount: 1, errorCount: 0 });
    const links = [link("a", "b"), link("b", "c"), link("a", "c"), link("c", "d")];
    expect([...neighbourhood(links, "b")].sort()).toEqual(["a", "b", "c"]);
    expect(shownLinks(links, "b", false)).toEqual({ links: links.slice(0, 3), services: 3 });
    expect(shownLinks(links, "gone", false)).toEqual({ links: [], services: 0 });
  });
});
