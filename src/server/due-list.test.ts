import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Due, DueList } from "./due-list.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function item(onDue: () => void): Due {
  return { dueAtMs: 0, before: undefined, after: undefined, onDue };
}

it("calls what is still there at its own time, whatever came and went before", () => {
  const list = new DueList(100);
  const called: [string, number][] = [];
  const started = performance.now();
  const named = (name: string): Due => item(() => called.push([name, performance.now() - started]));
  const gone = named("gone");
  list.add(gone);
  vi.advanceTimersByTime(40);
  list.add(named("second"));
  list.delete(gone);
  vi.advanceTimersByTime(30);
  list.add(named("third"));
  vi.advanceTimersByTime(1_000);
  list.add(named("late"));
  vi.advanceTimersByTime(1_000);
  expect(called).toEqual([
    ["second", 140],
    ["third", 170],
    ["late", 1_170],
  ]);
});

it("keeps one timer, and none when nothing is left", () => {
  const list = new DueList(100);
  const items = Array.from({ length: 10 }, () => item(() => {}));
  for (const one of items) list.add(one);
  expect(vi.getTimerCount()).toBe(1);
  for (const one of items) list.delete(one);
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(0);
});

it("lets a call add the next one", () => {
  const list = new DueList(100);
  let calls = 0;
  const again: Due = item(() => {
    if (++calls < 3) list.add(again);
  });
  list.add(again);
  vi.advanceTimersByTime(350);
  expect(calls).toBe(3);
  expect(vi.getTimerCount()).toBe(0);
});

it("keeps the order whichever leaves: the first, one between, the last, one that had left, all", () => {
  const list = new DueList(100);
  const called: number[] = [];
  const items = Array.from({ length: 6 }, (_, i) => item(() => called.push(i)));
  const leave = (...indexes: number[]): void => {
    for (const index of indexes) list.delete(items[index] as Due);
  };
  for (const one of items) list.add(one);
  leave(0, 2, 5, 2, 0, 5);
  vi.advanceTimersByTime(100);
  expect(called).toEqual([1, 3, 4]);

  for (const one of items) list.add(one);
  leave(3, 1, 2, 0, 5, 4);
  list.add(items[2] as Due);
  leave(3);
  vi.advanceTimersByTime(200);
  expect(called).toEqual([1, 3, 4, 2]);
});
