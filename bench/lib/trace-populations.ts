import { readFileSync } from "node:fs";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import type { Random } from "../../src/demo/random.ts";
import { lognormal, randomRequests, runCall, type ServiceCall } from "../../src/demo/random-services.ts";
import { DEFAULT_SERVICE } from "../../src/model/span.ts";
import { copyOf } from "./planted-causes.ts";

/** Makes ordinary traces, again and again. */
export type Population = (random: Random) => ServiceCall;

const RECORDINGS = ["node-shop", "python-shop"] as const;
const LIBRARY = 40;

/** A shop of random services: a template for each kind of request, with branches that are taken now and then. */
export function generatedPopulation(random: Random): Population {
  const requests = randomRequests(random);
  return (of) => runCall(of, of.pick(requests));
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

function stretch(node: ServiceCall, base: number, factor: () => number): void {
  const by = factor();
  const scale = (time: number) => base + (time - base) * by;
  const walk = (one: ServiceCall): void => {
    one.start = scale(one.start);
    one.end = scale(one.end);
    for (const child of one.children) walk(child);
  };
  walk(node);
}

/** Run from the root of the project, as `npm run` does. */
function recordedTrees(name: (typeof RECORDINGS)[number]): ServiceCall[] {
  const spans = new Map<string, Map<string, { node: ServiceCall; parent: string }>>();
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
      const roots: ServiceCall[] = [];
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
