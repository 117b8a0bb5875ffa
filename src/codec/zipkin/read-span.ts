import { SPAN_MARK } from "../../model/span.ts";
import { type IdKind, REFUSED, type Refused, SPAN_ID, TRACE_ID } from "../otlp/message/id-faults.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinKind, ZipkinSpan } from "./model.ts";

/** Why a span is refused, and where: `.traceId: expected …, found …`. */
export interface SpanFault {
  readonly reason: Refused;
  readonly example: () => string;
}

/** An annotation of v1 says who noted it. */
export interface NotedAnnotation extends ZipkinAnnotation {
  readonly endpoint?: ZipkinEndpoint | undefined;
}

export interface BinaryAnnotation {
  readonly key: string;
  readonly value: string;
  readonly endpoint: ZipkinEndpoint | undefined;
}

/** One span while it is read, of v2 or v1. The first fault stays. */
export class ZipkinSpanFields {
  traceId = "";
  id = "";
  parentId = "";
  name: string | undefined;
  kind: ZipkinKind | undefined;
  /** µs; 0 where there is none. */
  timestamp = 0;
  duration = 0;
  local: ZipkinEndpoint | undefined;
  remote: ZipkinEndpoint | undefined;
  readonly annotations: NotedAnnotation[] = [];
  /** Without a prototype, as a key may be any text. */
  readonly tags: Record<string, string> = Object.create(null) as Record<string, string>;
  readonly binary: BinaryAnnotation[] = [];
  debug = false;
  shared = false;
  /** It has what only v1 has. */
  isV1 = false;
  /** Bits of SPAN_MARK. */
  marks = 0;
  tagCount = 0;
  /** Tags and annotations that were left out because there were too many. */
  droppedTags = 0;
  droppedAnnotations = 0;
  fault: SpanFault | undefined;

  refuse(reason: Refused, example: () => string): void {
    this.fault ??= { reason, example };
  }

  mended(): void {
    this.marks |= SPAN_MARK.mended;
  }

  /** @param found undefined where it is no text at all */
  setTraceId(found: string | undefined, shown: () => string): void {
    this.traceId = this.#ownId(found, TRACE_ID, ".traceId", shown);
  }

  setId(found: string | undefined, shown: () => string): void {
    this.id = this.#ownId(found, SPAN_ID, ".id", shown);
  }

  /** An empty or all-zero parent is none; one that cannot be read is left out. */
  setParent(found: string): void {
    const fault = idFault(found, SPAN_ID);
    if (fault === undefined) this.parentId = found.toLowerCase().padStart(16, "0");
    else if (fault !== SPAN_ID.empty && fault !== SPAN_ID.zero) this.mended();
  }

  /** @param micros undefined where it is no time */
  setTimestamp(micros: number | undefined, shown: () => string): void {
    if (micros !== undefined && micros <= LATEST_MICROS) this.timestamp = micros;
    else this.refuse(REFUSED.time, () => `.timestamp: expected microseconds since 1970, found ${shown()}`);
  }

  setDuration(micros: number | undefined): void {
    if (micros === undefined || micros > LATEST_MICROS) this.mended();
    this.duration = Math.min(micros ?? 0, LATEST_MICROS);
  }

  addAnnotation(annotation: NotedAnnotation, max: number): void {
    if (this.annotations.length < max) this.annotations.push(annotation);
    else this.droppedAnnotations++;
  }

  addTag(key: string, value: string, max: number): void {
    if (this.tags[key] === undefined && this.tagCount++ >= max) this.droppedTags++;
    else this.tags[key] = value;
  }

  addBinary(annotation: BinaryAnnotation, max: number): void {
    if (this.tagCount++ < max) this.binary.push(annotation);
    else this.droppedTags++;
  }

  /** Without its ids it is refused. */
  finish(): void {
    const missing = this.traceId === "" ? TRACE_ID : this.id === "" ? SPAN_ID : undefined;
    if (missing === undefined) return;
    const name = missing === TRACE_ID ? ".traceId" : ".id";
    this.refuse(missing.empty, () => `${name}: expected up to ${missing.bytes * 2} hex digits, found none`);
  }

  /** As v2 has it. */
  toV2(): ZipkinSpan {
    return {
      traceId: this.traceId,
      id: this.id,
      ...(this.parentId === "" ? {} : { parentId: this.parentId }),
      ...(this.name === undefined ? {} : { name: this.name }),
      ...(this.kind === undefined ? {} : { kind: this.kind }),
      ...(this.timestamp === 0 ? {} : { timestamp: this.timestamp }),
      ...(this.duration === 0 ? {} : { duration: this.duration }),
      ...(this.local === undefined ? {} : { localEndpoint: this.local }),
      ...(this.remote === undefined ? {} : { remoteEndpoint: this.remote }),
      annotations: this.annotations,
      tags: this.tags,
      ...(this.debug ? { debug: true } : {}),
      ...(this.shared ? { shared: true } : {}),
    };
  }

  #ownId(found: string | undefined, kind: IdKind, name: string, shown: () => string): string {
    const fault = found === undefined ? kind.type : idFault(found, kind);
    if (fault === undefined) return (found as string).toLowerCase().padStart(kind.bytes * 2, "0");
    this.refuse(fault, () => `${name}: expected up to ${kind.bytes * 2} hex digits, found ${shown()}`);
    return "";
  }
}

function idFault(text: string, kind: IdKind): Refused | undefined {
  if (text === "") return kind.empty;
  if (text.length > kind.bytes * 2) return kind.long;
  if (!/^[0-9a-f]+$/i.test(text)) return kind.noHex;
  return /^0+$/.test(text) ? kind.zero : undefined;
}

/**
 * How many times the attributes that a span may have are read of its tags: those of its resource are among them, and
 * the reserved ones.
 */
export const TAGS_READ = 4;

/** Longest time that is one, µs: what OTLP's nanoseconds hold. */
const LATEST_MICROS = 18_446_744_073_709_550;
