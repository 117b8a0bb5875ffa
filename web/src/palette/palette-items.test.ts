import { describe, expect, it } from "vitest";
import { paletteItems } from "./palette-items.ts";

const operation = (name: string) => ({ name, kind: "server" as const });
const sources = {
  services: [
    { name: "cart", operations: [operation("GET /cart"), operation("POST /cart/items")] },
    { name: "shopping cart", operations: [operation("GET /")] },
    { name: "discarted", operations: [] },
  ],
  recent: [{ path: "trace/abc", title: "frontend: POST /checkout" }],
  actions: [{ id: "theme-dark", title: "Dark colours" }],
};
const titles = (text: string) => paletteItems(text, sources).map(({ group, title }) => `${group}: ${title}`);

describe("what the palette offers", () => {
  it("is what was looked at last, the pages and the actions before anything is typed", () => {
    expect(titles("")).toEqual([
      "Recent: frontend: POST /checkout",
      "Pages: Search",
      "Pages: Services",
      "Pages: Map",
      "Pages: Collector",
      "Actions: Dark colours",
    ]);
  });

  it("puts what begins with the text before what has it at a word, and that before the rest", () => {
    expect(titles("cart").filter((title) => title.startsWith("Services"))).toEqual([
      "Services: cart",
      "Services: shopping cart",
      "Services: discarted",
    ]);
  });

  it("finds operations by words of their own and of their service", () => {
    expect(titles("post cart")).toEqual(["Operations: POST /cart/items"]);
    expect(paletteItems("GET /cart", sources)[0]?.target).toEqual({
      path: "search?service=cart&operation=GET+%2Fcart",
    });
  });

  it("opens what is pasted: an id, a header", () => {
    const id = "4bf92f3577b34da6a3ce929d0e0e4736";
    expect(paletteItems(id, sources)[0]?.target).toEqual({ path: `trace/${id}` });
    expect(paletteItems(`00-${id}-00f067aa0ba902b7-01`, sources)[0]?.target).toEqual({
      path: `trace/${id}?span=00f067aa0ba902b7`,
    });
    expect(titles("00000000")).toEqual([]);
  });

  it("shows eight of a group at the most", () => {
    const many = Array.from({ length: 5_000 }, (_, i) => operation(`GET /item/${i}`));
    const found = paletteItems("item", { ...sources, services: [{ name: "shop", operations: many }] });
    expect(found).toHaveLength(8);
  });
});
