import { describe, expect, it } from "vitest";
import { fitted, formatViewport, onScreen, parseViewport, revealed, shifted, zoomed } from "./viewport.ts";

const picture = { width: 2000, height: 800 };
const screen = { width: 1000, height: 600 };

describe("what is seen of the map", () => {
  it("is all of it at first, never larger than reads well", () => {
    const view = fitted(picture, screen);
    const [from, to] = [onScreen(view, screen, { x: 0, y: 0 }), onScreen(view, screen, { x: 2000, y: 800 })];
    expect(from.x).toBeGreaterThanOrEqual(0);
    expect(from.y).toBeGreaterThanOrEqual(0);
    expect(to.x).toBeLessThanOrEqual(1000);
    expect(to.y).toBeLessThanOrEqual(600);
    expect(fitted({ width: 10, height: 10 }, screen).scale).toBe(1.25);
    expect(fitted({ width: 0, height: 0 }, { width: 0, height: 0 }).scale).toBeGreaterThan(0);
  });

  it("is all of it on a small screen too", () => {
    const phone = { width: 358, height: 520 };
    const view = fitted(picture, phone);
    const [from, to] = [onScreen(view, phone, { x: 0, y: 0 }), onScreen(view, phone, { x: 2000, y: 800 })];
    expect(Math.min(from.x, from.y)).toBeGreaterThanOrEqual(0);
    expect(to.x).toBeLessThanOrEqual(358);
    expect(to.y).toBeLessThanOrEqual(520);
  });

  it("keeps the point under the pointer while it zooms", () => {
    const view = fitted(picture, screen);
    const place = { x: 300, y: -120 };
    const under = { x: view.x + place.x / view.scale, y: view.y + place.y / view.scale };
    const after = onScreen(zoomed(view, 1.7, place.x, place.y), screen, under);
    expect(after.x).toBeCloseTo(800);
    expect(after.y).toBeCloseTo(180);
    expect(zoomed(view, 1e9).scale).toBe(2.5);
    expect(zoomed(view, 1e-9).scale).toBe(0.08);
  });

  it("moves, but not out of sight", () => {
    const view = { x: 1000, y: 400, scale: 0.5 };
    expect(shifted(view, 100, -50, picture)).toEqual({ x: 800, y: 500, scale: 0.5 });
    expect(shifted(view, 1e6, -1e6, picture)).toEqual({ x: 0, y: 800, scale: 0.5 });
  });

  it("moves no further than it takes to see a card, beside what covers the map", () => {
    const view = { x: 500, y: 300, scale: 1 };
    const card = { x: 800, y: 280, width: 150, height: 56 };
    expect(revealed(view, [card], screen, 0)).toBe(view);
    expect(revealed(view, [card], screen, 340).x).toBe(500 + 950 - (1000 - 24 - 340));
    const large = { x: 0, y: 0, width: 900, height: 100 };
    expect(revealed(view, [undefined, large, card], screen, 340)).toEqual(revealed(view, [card], screen, 340));
    expect(revealed(view, [large], screen, 340)).toBe(view);
    expect(revealed(view, [{ ...card, x: -200 }], screen, 340).x).toBe(500 - 224);
  });

  it("comes back from the address, and anything else is the whole picture", () => {
    const view = { x: 120, y: -4, scale: 0.812 };
    expect(parseViewport(formatViewport(view))).toEqual(view);
    for (const text of [undefined, "", "1,2", "1,2,0", "1,2,9", "a,2,1", "1,2,1,1", "1e3,2,1"]) {
      expect(parseViewport(text)).toBeUndefined();
    }
  });
});
