import {
  type AttributeValue,
  createTraceState,
  type Exception,
  type Link,
  type Span as OtelApiSpan,
  type Attributes as OtelAttributes,
  type SpanContext as OtelSpanContext,
  type TimeInput as OtelTimeInput,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { TraceContext } from "../../propagation/context.ts";
import type { AttributesInput } from "../trace/attributes.ts";
import type { TimeInput } from "../trace/clock.ts";
import type { Span } from "../trace/span.ts";

/** Times below this many ms are readings of `performance.now()`, not of the wall clock (api: TimeInput). */
const PERFORMANCE_TIME_LIMIT = 1e11;

/** One of our spans behind OpenTelemetry's interface. */
export class OtelSpan implements OtelApiSpan {
  readonly inner: Span;

  constructor(inner: Span) {
    this.inner = inner;
  }

  spanContext(): OtelSpanContext {
    const { traceId, spanId, flags, traceState, isRemote } = this.inner.context;
    const state = traceState === "" ? {} : { traceState: createTraceState(traceState) };
    return { traceId, spanId, traceFlags: flags, isRemote, ...state };
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.inner.setAttribute(key, value as AttributesInput[string]);
    return this;
  }

  setAttributes(attributes: OtelAttributes): this {
    this.inner.setAttributes(attributes as AttributesInput);
    return this;
  }

  addEvent(name: string, attributesOrTime?: OtelAttributes | OtelTimeInput, time?: OtelTimeInput): this {
    const timed = isTime(attributesOrTime);
    const attributes = timed || attributesOrTime === undefined ? {} : (attributesOrTime as AttributesInput);
    const at = timed ? attributesOrTime : time;
    this.inner.addEvent(name, attributes, at === undefined ? undefined : toTime(at));
    return this;
  }

  addLink(link: Link): this {
    this.inner.addLink(toLink(link));
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: { code: SpanStatusCode; message?: string }): this {
    if (status.code === SpanStatusCode.OK) this.inner.setStatus("ok");
    else if (status.code === SpanStatusCode.ERROR) this.inner.setStatus("error", status.message);
    return this;
  }

  updateName(name: string): this {
    this.inner.updateName(name);
    return this;
  }

  end(endTime?: OtelTimeInput): void {
    this.inner.end(endTime === undefined ? undefined : toTime(endTime));
  }

  isRecording(): boolean {
    return this.inner.isRecording();
  }

  recordException(exception: Exception, time?: OtelTimeInput): void {
    this.inner.recordException(toError(exception), {}, time === undefined ? undefined : toTime(time));
  }
}

/** A link as our spans take it. */
export function toLink(link: Link): { context: TraceContext; attributes: AttributesInput } {
  const { traceId, spanId, traceFlags, traceState } = link.context;
  const context = { traceId, spanId, flags: traceFlags & 3, traceState: traceState?.serialize() ?? "" };
  return { context, attributes: (link.attributes ?? {}) as AttributesInput };
}

function isTime(value: unknown): value is OtelTimeInput {
  return typeof value === "number" || value instanceof Date || Array.isArray(value);
}

/** A time as our spans take it. */
export function toTime(time: OtelTimeInput): TimeInput {
  if (typeof time === "number" && time < PERFORMANCE_TIME_LIMIT) return performance.timeOrigin + time;
  return time;
}

/** OpenTelemetry takes anything with a message for an exception. */
function toError(exception: Exception): unknown {
  if (typeof exception === "string" || exception instanceof Error) return exception;
  const error: Error & { code?: unknown } = new Error(exception.message ?? "");
  error.name = exception.name ?? "Error";
  if ("code" in exception && exception.code !== undefined) error.code = String(exception.code);
  if (exception.stack !== undefined) error.stack = exception.stack;
  else delete error.stack;
  return error;
}
