import type { AnyValue, Attributes } from "../model/any-value.ts";
import { SPAN_KIND, type Span, type SpanKind, type SpanLink, STATUS_CODE } from "../model/span.ts";
import type { Random } from "./random.ts";

export type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface SimulatedSpan {
  readonly service: string;
  readonly span: Span;
}

/** A span being simulated: its step list runs on a clock of µs since the trace began. */
export interface Frame {
  readonly service: string;
  readonly spanId: string;
  readonly traceId: string;
  attributes: Record<string, AnyValue>;
  events: { at: number; name: string; attributes: Attributes }[];
  links: SpanLink[];
  error: string | undefined;
}

/**
 * One trace on a simulated clock. A step that runs advances the clock; `parallel` lets several begin together and goes
 * on when the last has ended.
 */
export class Simulation {
  readonly spans: SimulatedSpan[] = [];
  readonly random: Random;
  readonly traceId: string;
  /** µs since the trace began. */
  clock = 0;
  readonly #startUnixNano: bigint;

  constructor(random: Random, startUnixNano: bigint) {
    this.random = random;
    this.traceId = random.hex(16);
    this.#startUnixNano = startUnixNano;
  }

  /** Runs `body` inside a span; what it throws as `PlannedFailure` ends the span with an error and goes on upwards. */
  span(
    parent: Frame | undefined,
    service: string,
    name: string,
    kind: SpanKind,
    values: Values,
    body: (frame: Frame) => void,
  ): Frame {
    const frame: Frame = {
      service,
      spanId: this.random.hex(8),
      traceId: this.traceId,
      attributes: toValues(values),
      events: [],
      links: [],
      error: undefined,
    };
    const began = this.clock;
    let thrown: unknown;
    try {
      body(frame);
    } catch (error) {
      thrown = error;
    }
    if (thrown instanceof PlannedFailure) this.#fail(frame, thrown);
    this.spans.push({ service, span: this.#finish(frame, parent, name, kind, began) });
    if (thrown !== undefined) throw thrown;
    return frame;
  }

  work(typicalMicros: number): void {
    this.clock += this.random.latency(typicalMicros);
  }

  event(frame: Frame, name: string, values: Values): void {
    frame.events.push({ at: this.clock, name, attributes: toAttributes(values) });
  }

  /** Branches that begin together. */
  parallel(branches: readonly (() => void)[]): void {
    const began = this.clock;
    let last = began;
    for (const branch of branches) {
      this.clock = began;
      branch();
      last = Math.max(last, this.clock);
    }
    this.clock = last;
  }

  #fail(frame: Frame, failure: PlannedFailure): void {
    frame.error = failure.message;
    frame.attributes["error.type"] = { type: "string", value: failure.type };
    if (failure.seenBy.has(frame.service)) return;
    failure.seenBy.add(frame.service);
    const stack = `${failure.type}: ${failure.message}\n${failure.stackFor(frame.service)}`;
    this.event(frame, "exception", {
      "exception.type": failure.type,
      "exception.message": failure.message,
      "exception.stacktrace": stack,
    });
  }

  #finish(frame: Frame, parent: Frame | undefined, name: string, kind: SpanKind, began: number): Span {
    const at = (micros: number) => this.#startUnixNano + BigInt(micros) * 1000n;
    return {
      traceId: this.traceId,
      spanId: frame.spanId,
      parentSpanId: parent?.spanId ?? "",
      traceState: "",
      flags: 0x101,
      name,
      kind,
      startTimeUnixNano: at(began),
      endTimeUnixNano: at(Math.max(this.clock, began + 1)),
      attributes: Object.entries(frame.attributes).map(([key, value]) => ({ key, value })),
      droppedAttributesCount: 0,
      events: frame.events.map((event) => ({
        timeUnixNano: at(event.at),
        name: event.name,
        attributes: event.attributes,
        droppedAttributesCount: 0,
      })),
      droppedEventsCount: 0,
      links: frame.links,
      droppedLinksCount: 0,
      status:
        frame.error === undefined
          ? { code: STATUS_CODE.unset, message: "" }
          : { code: STATUS_CODE.error, message: frame.error },
    };
  }
}

/** What goes wrong in the shop, as it travels up the call chain. */
export class PlannedFailure extends Error {
  readonly type: string;
  readonly status: number;
  readonly seenBy = new Set<string>();

  constructor(type: string, message: string, status: number) {
    super(message);
    this.type = type;
    this.status = status;
  }

  stackFor(service: string): string {
    const file = `/srv/${service}/src`;
    return [
      `    at handle (${file}/handlers.js:${20 + this.message.length}:13)`,
      `    at next (${file}/router.js:88:7)`,
      `    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)`,
    ].join("\n");
  }
}

/** An HTTP call between services: a CLIENT span in the caller, a SERVER span in the callee. */
export function http(
  sim: Simulation,
  from: Frame,
  service: string,
  method: string,
  route: string,
  handle: (frame: Frame) => void,
  values: Values = {},
): void {
  sim.span(from, from.service, method, SPAN_KIND.client, clientValues(service, method, route), (client) => {
    sim.work(250);
    try {
      serve(sim, client, service, method, route, handle, values);
      client.attributes["http.response.status_code"] = { type: "int", value: 200n };
    } catch (error) {
      if (error instanceof PlannedFailure) {
        client.attributes["http.response.status_code"] = { type: "int", value: BigInt(error.status) };
      }
      throw error;
    }
    sim.work(150);
  });
}

/** The SERVER side of a request. */
export function serve(
  sim: Simulation,
  parent: Frame | undefined,
  service: string,
  method: string,
  route: string,
  handle: (frame: Frame) => void,
  values: Values = {},
): Frame {
  const base = { "http.request.method": method, "http.route": route, "url.scheme": "http", ...values };
  return sim.span(parent, service, `${method} ${route}`, SPAN_KIND.server, base, (server) => {
    sim.work(180);
    try {
      handle(server);
      server.attributes["http.response.status_code"] = { type: "int", value: 200n };
    } catch (error) {
      if (error instanceof PlannedFailure) {
        server.attributes["http.response.status_code"] = { type: "int", value: BigInt(error.status) };
      }
      throw error;
    }
    sim.work(120);
  });
}

/** A database call: one CLIENT span. */
export function query(
  sim: Simulation,
  from: Frame,
  system: string,
  summary: string,
  text: string,
  micros: number,
): void {
  const values = {
    "db.system.name": system,
    "db.query.summary": summary,
    "db.query.text": text,
    "server.address": `${system}.shop.internal`,
  };
  sim.span(from, from.service, summary, SPAN_KIND.client, values, () => sim.work(micros));
}

function clientValues(service: string, method: string, route: string): Values {
  return {
    "http.request.method": method,
    "url.full": `http://${service}.shop.internal:8080${route.replace(/:\w+/g, "1042")}`,
    "server.address": `${service}.shop.internal`,
    "server.port": 8080,
  };
}

export function toAttributes(values: Values): Attributes {
  return Object.entries(toValues(values)).map(([key, value]) => ({ key, value }));
}

function toValues(values: Values): Record<string, AnyValue> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, toValue(value)]));
}

function toValue(value: string | number | boolean | readonly string[]): AnyValue {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { type: "int", value: BigInt(value) } : { type: "double", value };
  }
  return { type: "array", value: value.map((one) => ({ type: "string", value: one })) };
}
