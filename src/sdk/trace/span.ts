import type { AnyValue } from "../../model/any-value.ts";
import {
  SPAN_KIND,
  type Span as SpanData,
  type SpanEvent,
  type SpanLink,
  STATUS_CODE,
  type StatusCode,
} from "../../model/span.ts";
import { TRACE_FLAG, type TraceContext } from "../../propagation/context.ts";
import { type AttributeInput, type AttributesInput, toAnyValue, toKeyValues } from "./attributes.ts";
import { type ClockAnchor, nowNano, type TimeInput, toUnixNano } from "./clock.ts";
import type { SpanLimits } from "./limits.ts";
import type { SpanContext } from "./span-context.ts";

export type SpanKindName = "internal" | "server" | "client" | "producer" | "consumer";
export type StatusName = keyof typeof STATUS_CODE;

export interface LinkInput {
  readonly context: TraceContext;
  readonly attributes?: AttributesInput;
}

export interface SpanSettings {
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly anchor: ClockAnchor;
  readonly startTime: TimeInput | undefined;
  readonly limits: SpanLimits;
  /** False for spans that are only passed on: they keep nothing and end silently. */
  readonly recording: boolean;
  readonly onEnd: (span: Span) => void;
}

/** Bits 8 and 9 of OTLP's span flags: whether the parent is remote is known, and it is. */
const PARENT_REMOTE_KNOWN = 0x100;
const PARENT_REMOTE = 0x200;

/**
 * One operation while it runs. After `end` nothing changes it any more. No method throws, so instrumentation never
 * breaks what it watches.
 */
export class Span {
  readonly context: SpanContext;
  /** 16 hex digits, or `""` for a root. */
  readonly parentSpanId: string;
  readonly kind: SpanKindName;
  readonly anchor: ClockAnchor;
  readonly startTimeUnixNano: bigint;
  readonly #parentRemote: boolean;
  readonly #limits: SpanLimits;
  readonly #onEnd: (span: Span) => void;
  readonly #attributes = new Map<string, AnyValue>();
  readonly #events: SpanEvent[] = [];
  readonly #links: SpanLink[] = [];
  #name: string;
  #recording: boolean;
  #ended = false;
  #endTimeUnixNano: bigint;
  #status: { code: StatusCode; message: string } = { code: STATUS_CODE.unset, message: "" };
  #droppedAttributes = 0;
  #droppedEvents = 0;
  #droppedLinks = 0;

  constructor(settings: SpanSettings) {
    this.context = settings.context;
    this.parentSpanId = settings.parent?.spanId ?? "";
    this.#parentRemote = settings.parent?.isRemote ?? false;
    this.kind = settings.kind;
    this.anchor = settings.anchor;
    this.#name = settings.name;
    this.#limits = settings.limits;
    this.#recording = settings.recording;
    this.#onEnd = settings.onEnd;
    this.startTimeUnixNano = this.#time(settings.startTime);
    this.#endTimeUnixNano = this.startTimeUnixNano;
  }

  get name(): string {
    return this.#name;
  }

  get endTimeUnixNano(): bigint {
    return this.#endTimeUnixNano;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** False once ended, and for spans that sampling left out. */
  isRecording(): boolean {
    return this.#recording;
  }

  setAttribute(key: string, value: AttributeInput): this {
    if (!this.#recording || key === "") return this;
    const any = toAnyValue(value, this.#limits.valueLength);
    if (any === undefined) return this;
    if (this.#attributes.size >= this.#limits.attributes && !this.#attributes.has(key)) this.#droppedAttributes++;
    else this.#attributes.set(key, any);
    return this;
  }

  setAttributes(attributes: AttributesInput): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  addEvent(name: string, attributes: AttributesInput = {}, time?: TimeInput): this {
    if (!this.#recording) return this;
    if (this.#events.length >= this.#limits.events) {
      this.#droppedEvents++;
      return this;
    }
    const all = toKeyValues(attributes, this.#limits.valueLength);
    const kept = all.slice(0, this.#limits.attributesPerEvent);
    this.#events.push({
      timeUnixNano: this.#time(time),
      name,
      attributes: kept,
      droppedAttributesCount: all.length - kept.length,
    });
    return this;
  }

  addLink({ context, attributes = {} }: LinkInput): this {
    if (!this.#recording) return this;
    if (this.#links.length >= this.#limits.links) {
      this.#droppedLinks++;
      return this;
    }
    const all = toKeyValues(attributes, this.#limits.valueLength);
    const kept = all.slice(0, this.#limits.attributesPerLink);
    const { traceId, spanId, traceState, flags } = context;
    const droppedAttributesCount = all.length - kept.length;
    this.#links.push({ traceId, spanId, traceState, flags, attributes: kept, droppedAttributesCount });
    return this;
  }

  get status(): StatusName {
    return this.#status.code === STATUS_CODE.error ? "error" : this.#status.code === STATUS_CODE.ok ? "ok" : "unset";
  }

  /**
   * `ok` is final; `unset` is ignored; the message is kept for `error` only (OpenTelemetry specification, "Set
   * Status").
   */
  setStatus(name: StatusName, message = ""): this {
    if (!this.#recording || name === "unset" || this.#status.code === STATUS_CODE.ok) return this;
    this.#status = { code: STATUS_CODE[name], message: name === "error" ? message : "" };
    return this;
  }

  /** Adds the event `exception` with type, message and stack trace. The status is the caller's to set. */
  recordException(error: unknown, attributes: AttributesInput = {}, time?: TimeInput): this {
    return this.addEvent("exception", { ...describeException(error), ...attributes }, time);
  }

  /** recordException, status error with the message, and `error.type`. */
  fail(error: unknown): this {
    const { "exception.type": type, "exception.message": message } = describeException(error);
    this.recordException(error);
    return this.setAttribute("error.type", type).setStatus("error", message);
  }

  updateName(name: string): this {
    if (this.#recording) this.#name = name;
    return this;
  }

  /** Ends the span; the second call is ignored. An end before the start becomes the start. */
  end(time?: TimeInput): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#recording) return;
    const end = this.#time(time);
    if (end > this.startTimeUnixNano) this.#endTimeUnixNano = end;
    this.#recording = false;
    this.#onEnd(this);
  }

  /** The span as the model has it. */
  toData(): SpanData {
    const { traceId, spanId, traceState, flags } = this.context;
    const parentFlags = this.#parentRemote ? PARENT_REMOTE_KNOWN | PARENT_REMOTE : PARENT_REMOTE_KNOWN;
    return {
      traceId,
      spanId,
      parentSpanId: this.parentSpanId,
      traceState,
      flags: flags | parentFlags,
      name: this.#name,
      kind: SPAN_KIND[this.kind],
      startTimeUnixNano: this.startTimeUnixNano,
      endTimeUnixNano: this.#endTimeUnixNano,
      attributes: [...this.#attributes].map(([key, value]) => ({ key, value })),
      droppedAttributesCount: this.#droppedAttributes,
      events: this.#events,
      droppedEventsCount: this.#droppedEvents,
      links: this.#links,
      droppedLinksCount: this.#droppedLinks,
      status: this.#status,
    };
  }

  #time(input: TimeInput | undefined): bigint {
    return (input === undefined ? undefined : toUnixNano(input)) ?? nowNano(this.anchor);
  }
}

/** True when the span's trace is being recorded. */
export function isSampled(context: TraceContext): boolean {
  return (context.flags & TRACE_FLAG.sampled) !== 0;
}

interface ExceptionAttributes {
  readonly [key: string]: string | undefined;
  readonly "exception.type": string;
  readonly "exception.message": string;
  readonly "exception.stacktrace": string | undefined;
}

function describeException(error: unknown): ExceptionAttributes {
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code;
    return {
      "exception.type": typeof code === "string" ? code : error.name,
      "exception.message": error.message,
      "exception.stacktrace": error.stack,
    };
  }
  return { "exception.type": typeof error, "exception.message": text(error), "exception.stacktrace": undefined };
}

function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}
