import { type Span, STATUS_CODE, type TracesData } from "../model/span.ts";
import type { Random } from "./random.ts";
import type { ServiceCall } from "./random-services.ts";
import { groupByService } from "./resources.ts";

/** A request of calls as a trace with new ids, grouped by service. */
export function spansOfCall(random: Random, root: ServiceCall, startUnixNano: bigint): TracesData {
  const traceId = random.hex(16);
  const spans: { readonly service: string; readonly span: Span }[] = [];
  const add = (call: ServiceCall, parentSpanId: string): void => {
    const spanId = random.hex(8);
    const at = (ms: number) => startUnixNano + BigInt(Math.round(ms * 1e6));
    spans.push({
      service: call.service,
      span: {
        traceId,
        spanId,
        parentSpanId,
        traceState: "",
        flags: 0x101,
        name: call.name,
        kind: call.kind,
        startTimeUnixNano: at(call.start),
        endTimeUnixNano: at(call.end),
        attributes: [],
        droppedAttributesCount: 0,
        events: [],
        droppedEventsCount: 0,
        links: [],
        droppedLinksCount: 0,
        status: { code: call.failed ? STATUS_CODE.error : STATUS_CODE.unset, message: "" },
      },
    });
    for (const child of call.children) add(child, spanId);
  };
  add(root, "");
  return groupByService(spans);
}
