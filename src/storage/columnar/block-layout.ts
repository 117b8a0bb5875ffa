import { varintSize } from "../../codec/otlp/wire/wire-writer.ts";
import type { SpanGroup } from "../../model/span-columns.ts";

/** What surrounds the spans of one resource and scope in the body of a sealed row, in bytes. */
export interface FrameSizes {
  /** Fields of ResourceSpans before and after its one ScopeSpans. */
  readonly resourceHead: number;
  readonly resourceTail: number;
  /** Fields of ScopeSpans before and after the spans. */
  readonly scopeHead: number;
  readonly scopeTail: number;
}

export interface GroupLayout {
  readonly service: number;
  /** Number of spans. */
  readonly count: number;
  readonly frame: FrameSizes;
}

export interface BlockLayout {
  readonly groups: readonly SpanGroup[];
  readonly spanStart: Uint32Array;
  readonly spanEnd: Uint32Array;
  /** Where the last group ends. */
  readonly end: number;
}

/**
 * Where everything lies in the body of a sealed row: for each group one ResourceSpans (field 1) with one ScopeSpans
 * (field 2) with its spans (field 2), in row order, every length in as few bytes as it needs.
 */
export function layOut(groups: readonly GroupLayout[], lengths: Uint32Array): BlockLayout {
  const spanStart = new Uint32Array(lengths.length);
  const spanEnd = new Uint32Array(lengths.length);
  const placed: SpanGroup[] = [];
  let row = 0;
  let at = 0;
  for (const { service, count, frame } of groups) {
    let spans = 0;
    for (let i = row; i < row + count; i++) spans += framed(lengths[i] as number);
    const scope = frame.scopeHead + spans + frame.scopeTail;
    const resource = frame.resourceHead + framed(scope) + frame.resourceTail;
    const resourceStart = at + 1 + varintSize(resource);
    const scopeStart = resourceStart + frame.resourceHead + 1 + varintSize(scope);
    at = scopeStart + frame.scopeHead;
    for (const last = row + count; row < last; row++) {
      const length = lengths[row] as number;
      const start = at + 1 + varintSize(length);
      at = start + length;
      spanStart[row] = start;
      spanEnd[row] = at;
    }
    at = resourceStart + resource;
    placed.push({
      service,
      resourceSpansStart: resourceStart,
      resourceSpansEnd: at,
      scopeSpansStart: scopeStart,
      scopeSpansEnd: scopeStart + scope,
    });
  }
  return { groups: placed, spanStart, spanEnd, end: at };
}

/** Size of a length-delimited field with a one-byte tag. */
function framed(size: number): number {
  return 1 + varintSize(size) + size;
}
