import type { Random } from "../../src/demo/random.ts";
import type { ServiceCall } from "../../src/demo/random-services.ts";
import { SPAN_KIND } from "../../src/model/span.ts";

/** What was planted, and which span an answer has to name. */
export interface Planted {
  readonly node: ServiceCall;
}

export type Plant = (random: Random, root: ServiceCall, delayMs: number) => Planted | undefined;

/** Every cause by its name. `delayMs`: how much longer the root is to become. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  "slow dependency": (random, root, delayMs) => {
    const node = pickOnPath(random, root, (one) => one !== root && one.children.length === 0);
    if (node !== undefined) lengthen(root, node, node.end, delayMs);
    return planted(node);
  },
  lock: (random, root, delayMs) => {
    const node = pickOnPath(random, root, ({ children }) => children.length > 0);
    if (node === undefined) return undefined;
    const first = Math.min(...node.children.map(({ start }) => start));
    lengthen(root, node, (node.start + first) / 2, delayMs);
    return { node };
  },
  "N+1": (random, root, delayMs) => repeat(random, root, delayMs, false),
  "N+1 interleaved": (random, root, delayMs) => repeat(random, root, delayMs, true),
  "retry storm": (random, root, delayMs) => {
    const node = pickOnPath(random, root, ({ children, kind }) => children.length === 0 && kind === SPAN_KIND.client);
    const parent = node === undefined ? undefined : parentOf(root, node);
    if (node === undefined || parent === undefined) return undefined;
    const tries = random.int(4, 9);
    const each = Math.max(node.end - node.start, delayMs / tries);
    const at = node.start;
    lengthen(root, parent, at, tries * each);
    const failures = Array.from({ length: tries }, (_, i): ServiceCall => {
      return { ...node, start: at + i * each, end: at + (i + 0.9) * each, failed: true, children: [] };
    });
    parent.children = [...parent.children, ...failures];
    return { node: failures[0] as ServiceCall };
  },
  "late span": (random, root, delayMs) => {
    const node = pickOnPath(random, root, (one) => one !== root && (parentOf(root, one)?.children.length ?? 0) > 0);
    const parent = node === undefined ? undefined : parentOf(root, node);
    if (node === undefined || parent === undefined) return undefined;
    const before = Math.max(
      parent.start,
      ...parent.children.filter(({ end }) => end <= node.start).map(({ end }) => end),
    );
    lengthen(root, parent, (before + node.start) / 2, delayMs);
    return { node: parent };
  },
  "swallowed failure": (random, root) => {
    const node = pickOnPath(random, root, (one) => one !== root && one.children.length === 0);
    if (node !== undefined) node.failed = true;
    return planted(node);
  },
};

export function copyOf(node: ServiceCall): ServiceCall {
  return { ...node, children: node.children.map(copyOf) };
}

function planted(node: ServiceCall | undefined): Planted | undefined {
  return node === undefined ? undefined : { node };
}

/** Many calls of a leaf where one stood. */
function repeat(random: Random, root: ServiceCall, delayMs: number, interleaved: boolean): Planted | undefined {
  const node = pickOnPath(random, root, ({ children, start, end }) => children.length === 0 && end - start > 0.2);
  const parent = node === undefined ? undefined : parentOf(root, node);
  if (node === undefined || parent === undefined) return undefined;
  const each = node.end - node.start;
  const calls = Math.max(12, Math.ceil(delayMs / each));
  if (calls > 400) return undefined;
  const step = interleaved ? 1.3 * each : 1.02 * each;
  const at = node.end;
  lengthen(root, parent, at, calls * step);
  for (let i = 0; i < calls; i++) {
    const start = at + i * step;
    parent.children.push({ ...node, start, end: start + each, children: [] });
    if (interleaved) {
      parent.children.push({ ...node, name: "cache get", start: start + each, end: start + 1.25 * each, children: [] });
    }
  }
  return { node };
}

/** Everything below `root` that begins at or after `at`, or contains it on the way to `within`, comes `delay` later. */
function lengthen(root: ServiceCall, within: ServiceCall, at: number, delay: number): void {
  const above = new Set(pathTo(root, within));
  const walk = (node: ServiceCall): void => {
    const moves = node.start >= at && !above.has(node);
    if (moves) {
      shift(node, delay);
      return;
    }
    if (above.has(node) || node.end > at) {
      if (above.has(node)) node.end += delay;
      for (const child of node.children) walk(child);
    }
  };
  walk(root);
}

function shift(node: ServiceCall, delay: number): void {
  node.start += delay;
  node.end += delay;
  for (const child of node.children) shift(child, delay);
}

function pathTo(root: ServiceCall, node: ServiceCall): ServiceCall[] {
  if (root === node) return [root];
  for (const child of root.children) {
    const path = pathTo(child, node);
    if (path.length > 0) return [root, ...path];
  }
  return [];
}

function parentOf(root: ServiceCall, node: ServiceCall): ServiceCall | undefined {
  return pathTo(root, node).at(-2);
}

/** A span that fits among those that the root waits for: the last to end of their siblings, all the way. */
function pickOnPath(random: Random, root: ServiceCall, fits: (node: ServiceCall) => boolean): ServiceCall | undefined {
  const found: ServiceCall[] = [];
  const walk = (node: ServiceCall, until: number): void => {
    if (fits(node)) found.push(node);
    let left = until;
    for (const child of node.children.toSorted((a, b) => b.end - a.end)) {
      if (child.end > left || child.start >= child.end) continue;
      walk(child, child.end);
      left = child.start;
    }
  };
  walk(root, root.end);
  return found.length === 0 ? undefined : random.pick(found);
}
