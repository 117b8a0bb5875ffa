import { readFileSync } from "node:fs";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import type { Random } from "../../src/demo/random.ts";
import { DEFAULT_SERVICE, SPAN_KIND, type SpanKind } from "../../src/model/span.ts";
import { copyOf, type Node } from "./planted-causes.ts";

/** Makes ordinary traces, again and again. */
export type Population = (random: Random) => Node;

const RECORDINGS = ["node-shop", "python-shop"] as const;
const LIBRARY = 40;

/** A shop of random services: a template for each kind of request, with branches that are taken now and then. */
export function generatedPopulation(random: Random): Population {
  const templates = Array.from({ length: 5 }, (_, i) => template(random, `request ${i}`, SPAN_KIND.server, 0));
  return (of) => instance(of, of.pick(templates), 0).node;
}

/** Recorded traces with other times: each span's own times are stretched a little, each request as a whole too. */
export function recordedPopulation(): Population {
  const traces = RECORDINGS.flatMap(recordedTrees);
  return (random) => {
    const root = copyOf(random.pick(traces));
    const factor = lognormal(random, 0.15);
    stretch(root, root.start, () => factor * lognormal(random, 0.02));
    return root;
  };
}

interface Template {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Own time, ms. */
  readonly typical: number;
  readonly spread: number;
  readonly parallel: boolean;
  /** How often it is called, 0 to 1. */
  readonly chance: number;
  /** Goes on after its parent. */
  readonly detached: boolean;
  readonly children: readonly Template[];
}

function template(random: Random, name: string, kind: SpanKind, depth: number): Template {
  const count = depth >= 4 ? 0 : random.int(depth === 0 ? 1 : 0, 3);
  const service = `service-${random.int(0, 9)}`;
  return {
    service,
    name,
    kind,
    typical: 0.5 * 2 ** (random.next() * 5),
    spread: 0.1 + random.next() * 0.3,
    parallel: random.chance(0.25),
    chance: depth === 0 || random.chance(0.75) ? 1 : 0.3,
    // What goes on after its caller is no answer to it.
    detached: depth > 0 && kind !== SPAN_KIND.server && random.chance(0.05),
    children: Array.from({ length: count }, (_, i) =>
      template(
        random,
        `${name}.${i}`,
        random.chance(0.5) ? SPAN_KIND.client : random.chance(0.5) ? SPAN_KIND.server : SPAN_KIND.internal,
        depth + 1,
      ),
    ),
  };
}

function instance(random: Random, of: Template, start: number): { readonly node: Node; readonly next: number } {
  const own = of.typical * lognormal(random, of.spread);
  const children: Node[] = [];
  let at = start + own / 2;
  let last = at;
  for (const child of of.children) {
    if (!random.chance(child.chance)) continue;
    const made = instance(random, child, of.parallel ? start + own / 2 : at);
    children.push(made.node);
    if (child.detached) {
      shiftAll(made.node, own);
      continue;
    }
    at = made.next;
    last = Math.max(last, made.next);
  }
  const end = last + own / 2;
  const node = { service: of.service, name: of.name, kind: of.kind, start, end, failed: false, children };
  return { node, next: end };
}

function shiftAll(node: Node, by: number): void {
  node.start += by;
  node.end += by;
  for (const child of node.children) shiftAll(child, by);
}

function stretch(node: Node, base: number, factor: () => number): void {
  const by = factor();
  const scale = (time: number) => base + (time - base) * by;
  const walk = (one: Node): void => {
    one.start = scale(one.start);
    one.end = scale(one.end);
    for (const child of one.children) walk(child);
  };
  walk(node);
}

/** Run from the root of the project, as `npm run` does. */
function recordedTrees(name: (typeof RECORDINGS)[number]): Node[] {
  const spans = new Map<string, Map<string, { node: Node; parent: string }>>();
  for (const line of readFileSync(`test/fixtures/${name}.jsonl`, "utf8").split("\n").filter(Boolean)) {
    for (const { resource, scopeSpans } of jsonToTraces(Buffer.from(line))) {
      const value = resource.attributes.find(({ key }) => key === "service.name")?.value;
      const service = value?.type === "string" ? value.value : DEFAULT_SERVICE;
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const ofTrace = spans.get(span.traceId) ?? new Map();
        spans.set(span.traceId, ofTrace);
        const times = {
          start: Number(span.startTimeUnixNano % 10n ** 15n) / 1e6,
          end: Number(span.endTimeUnixNano % 10n ** 15n) / 1e6,
        };
        const node = { service, name: span.name, kind: span.kind, ...times, failed: false, children: [] };
        ofTrace.set(span.spanId, { node, parent: span.parentSpanId });
      }
    }
  }
  return [...spans.values()]
    .flatMap((ofTrace) => {
      const roots: Node[] = [];
      for (const { node, parent } of ofTrace.values()) {
        const above = ofTrace.get(parent)?.node;
        if (above === undefined) roots.push(node);
        else above.children.push(node);
      }
      const [root, ...more] = roots;
      return root !== undefined && more.length === 0 && root.children.length > 0 && ofTrace.size <= 500 ? [root] : [];
    })
    .slice(0, LIBRARY);
}

function lognormal(random: Random, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.exp(sigma * normal);
}
