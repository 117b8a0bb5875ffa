import { tracesToJson } from "../codec/otlp/json/json-out.ts";
import type { TracesData } from "../model/span.ts";
import { spansOfCall } from "./calls-to-spans.ts";
import { DemoShop } from "./generator.ts";
import { Random } from "./random.ts";
import { randomRequests, runCall } from "./random-services.ts";

export interface GenerateTracesOptions {
  /** A whole number of at least 0. The same seed gives the same traces: ids, times and all. Default: 1. */
  readonly seed?: number;
  /** How many. Default: 100. */
  readonly traces?: number;
  /** When the first one begins: a date, or ns since the epoch. Default: 2026-01-01T00:00:00Z, whatever day it is. */
  readonly start?: Date | bigint;
  /** From the start of one to that of the next, ms. Default: 1,000. */
  readonly everyMs?: number;
  /**
   * `shop` (the default): thirteen services with errors, retries, a query per item, queues and a slow lock.
   * `services`: five kinds of request to ten services, drawn by the seed, without attributes and errors.
   */
  readonly shape?: "shop" | "services";
}

/** A value of an attribute as OTLP/JSON has it: an integer is decimal text. */
export type GeneratedValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly GeneratedValue[] } };

export interface GeneratedAttribute {
  readonly key: string;
  readonly value: GeneratedValue;
}

/** A span as OTLP/JSON has it. Fields that are empty are left out. */
export interface GeneratedSpan {
  /** Hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** ns since the epoch, decimal. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly GeneratedAttribute[];
  readonly events?: readonly object[];
  readonly links?: readonly object[];
  /** Code 2 is an error. */
  readonly status?: { readonly code?: number; readonly message?: string };
}

/** One trace as a request of OTLP/JSON: what `/v1/traces` takes, and a line of a recording. One entry a service. */
export interface GeneratedTrace {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly GeneratedAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly GeneratedSpan[] }[];
  }[];
}

const START = 1_767_225_600_000_000_000n;

/**
 * Makes traces: for tests of what reads them, for loads and for examples. Equal options give equal traces, on every
 * machine and on every day.
 * @throws RangeError for a number that is out of its range
 */
export function generateTraces(options: GenerateTracesOptions = {}): GeneratedTrace[] {
  const { seed = 1, traces = 100, start = START, everyMs = 1_000, shape = "shop" } = options;
  checkNumber("seed", seed, 0, 0xffff_ffff);
  checkNumber("traces", traces, 0, 1_000_000);
  if (!(everyMs >= 0 && everyMs <= 1e9)) throw new RangeError(`everyMs: expected 0 to 1e9, found ${everyMs}`);
  const begin = typeof start === "bigint" ? start : BigInt(start.getTime()) * 1_000_000n;
  const next = generatorOf(shape, seed);
  return Array.from({ length: traces }, (_, i) => {
    const data = next(begin + BigInt(Math.round(i * everyMs * 1e6)));
    return JSON.parse(tracesToJson(data)) as GeneratedTrace;
  });
}

function generatorOf(shape: "shop" | "services", seed: number): (startUnixNano: bigint) => TracesData {
  if (shape === "shop") {
    const shop = new DemoShop(seed);
    return (startUnixNano) => shop.trace(startUnixNano);
  }
  if (shape !== "services") throw new RangeError(`shape: expected shop or services, found ${String(shape)}`);
  const random = new Random(seed);
  const requests = randomRequests(random);
  return (startUnixNano) => spansOfCall(random, runCall(random, random.pick(requests)), startUnixNano);
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}
