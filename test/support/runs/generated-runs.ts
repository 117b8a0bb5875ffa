import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../../src/codec/otlp/scan/scan-result.ts";
import { spansOfCall } from "../../../src/demo/calls-to-spans.ts";
import type { Random } from "../../../src/demo/random.ts";
import { type CallModel, runCall } from "../../../src/demo/random-services.ts";
import { SPAN_KIND } from "../../../src/model/span.ts";
import { SpanTable } from "../../../src/runs/population/span-table.ts";

const START = 1_760_000_000_000_000_000n;
const STEP = 20_000_000n;

/** A request that makes so many calls in all, each once, in a tree of up to five below each. */
export function requestOf(random: Random, operations: number, spread: number): CallModel {
  let left = operations - 1;
  const call = (name: string, depth: number): CallModel => {
    const wanted = depth > 6 ? 0 : random.int(depth === 0 ? 3 : 0, 5);
    const own = Math.min(left, wanted);
    left -= own;
    const names = Array.from({ length: own }, (_, i) => `${name}.${i}`);
    return {
      service: `service-${random.int(0, 9)}`,
      name,
      kind: random.pick([SPAN_KIND.server, SPAN_KIND.client, SPAN_KIND.internal]),
      typical: 0.5 * 2 ** (random.next() * 5),
      spread,
      parallel: false,
      chance: 1,
      detached: false,
      children: names.map((one) => call(one, depth + 1)),
    };
  };
  for (;;) {
    left = operations - 1;
    const made = call("request", 0);
    if (left === 0) return made;
  }
}

/** All calls of a model. */
export function callsOf(model: CallModel): CallModel[] {
  return [model, ...model.children.flatMap(callsOf)];
}

/** The model with one call replaced. */
export function withCall(model: CallModel, wanted: CallModel, change: (call: CallModel) => CallModel): CallModel {
  const children = model.children.map((child) => withCall(child, wanted, change));
  return model === wanted ? change({ ...model, children }) : { ...model, children };
}

/** Requests of OTLP protobuf, one a trace. */
export function requestBodies(random: Random, models: readonly CallModel[], requests: number): Uint8Array[] {
  return Array.from({ length: requests }, (_, i) => {
    const call = runCall(random, random.pick(models));
    return encodeTraces(spansOfCall(random, call, START + BigInt(i) * STEP));
  });
}

export function tableOfBodies(bodies: readonly Uint8Array[]): SpanTable {
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  const table = new SpanTable();
  for (const body of bodies) {
    const { columns } = scanner.scan(body);
    table.add(
      columns,
      Array.from({ length: columns.count }, (_, row) => row),
    );
  }
  return table;
}

/** The spans of so many requests, by way of OTLP's bytes as everywhere. */
export function tableOf(random: Random, models: readonly CallModel[], requests: number): SpanTable {
  return tableOfBodies(requestBodies(random, models, requests));
}
