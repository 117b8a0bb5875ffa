import { describe, expect, it } from "vitest";
import { manyServices } from "../../../../test/support/query/call-graph.ts";
import { neighbourhood, serviceNames } from "./map-figures.ts";
import { callsBetween, cardOf, MOST_CARDS, shownMap } from "./service-groups.ts";

const MANY = manyServices(120);
const link = (parent: string, child: string, callCount = 1, errorCount = 0) => ({
  parent,
  child,
  callCount,
  errorCount,
});

describe("what the map shows", () => {
  it("is everything, as it is, of up to 40 services, and of more when asked for all", () => {
    const few = manyServices(40);
    expect(shownMap(few, {}).links).toBe(few);
    expect(shownMap(MANY, { all: true })).toMatchObject({ links: MANY, services: serviceNames(MANY).length });
  });

  it("is at most 40 cards of 120 services: the busiest, and the others in groups that have them all once", () => {
    const names = serviceNames(MANY);
    const { links, groups, services } = shownMap(MANY, {});
    expect([names.length > 100, services]).toEqual([true, names.length]);
    const cards = serviceNames(links);
    expect(cards.length).toBeLessThanOrEqual(MOST_CARDS);
    const members = [...groups.values()].flatMap((group) => group.members);
    const alone = cards.filter((name) => !groups.has(name));
    expect([...alone, ...members].sort()).toEqual(names);
    const busiest = MANY.toSorted((a, b) => b.callCount - a.callCount)[0]!;
    expect(links).toContain(busiest);
  });

  it("loses no call but those within a group", () => {
    const { links, groups } = shownMap(MANY, {});
    const within = MANY.filter(({ parent, child }) => cardOf(groups, parent) === cardOf(groups, child));
    const sum = (list: typeof MANY, of: "callCount" | "errorCount") => list.reduce((all, one) => all + one[of], 0);
    for (const of of ["callCount", "errorCount"] as const) expect(sum(links, of)).toBe(sum(MANY, of) - sum(within, of));
    for (const { parent, child, callCount } of links) {
      expect(sum(callsBetween(MANY, groups, parent, child), "callCount")).toBe(callCount);
    }
  });

  it("names groups by what their members' names begin with, like no service, systems apart", () => {
    const links = [
      ...Array.from({ length: 30 }, (_, i) => link("hub", `busy${i}`, 1_000)),
      ...Array.from({ length: 5 }, (_, i) => link("hub", `shop-${i}`)),
      ...Array.from({ length: 3 }, (_, i) => link("hub", `acme/${i}`)),
      link("hub", "shop-…", 900),
      link("hub", "lone"),
      link("hub", "redis at cache"),
    ];
    const { groups } = shownMap(links, { isOther: (name) => name.startsWith("redis") });
    expect([...groups.values()].map(({ id, members }) => [id, members.length])).toEqual([
      ["shop-……", 6],
      ["acme/…", 3],
      ["other services", 4],
      ["other systems", 1],
    ]);
    const opened = shownMap(links, { open: "acme/…" });
    expect(serviceNames(opened.links)).toContain("acme/2");
    expect(cardOf(opened.groups, "acme/2")).toBe("acme/2");
  });

  it("is a service with its neighbours, and the calls among them, where that is asked for", () => {
    const links = [link("a", "b"), link("b", "c"), link("a", "c"), link("c", "d")];
    expect([...neighbourhood(links, "b")].sort()).toEqual(["a", "b", "c"]);
    expect(shownMap(links, { near: "b" })).toMatchObject({ links: links.slice(0, 3), services: 3 });
    expect(shownMap(links, { near: "gone" })).toMatchObject({ links: [], services: 0 });
  });
});
