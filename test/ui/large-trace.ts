import type { OtlpRequest, OtlpSpan } from "../support/query/fixture-traces.ts";

/**
 * Requests that together hold one trace of many spans: 12 services, fan-outs of 20, about 1 % errors, 8 attributes
 * each.
 */
export function largeTrace(traceId: string, count: number, perRequest = 500): OtlpRequest[] {
  const requests: OtlpRequest[] = [];
  const start = 1_795_392_000_000_000_000n;
  for (let first = 0; first < count; first += perRequest) {
    const byService = new Map<number, OtlpSpan[]>();
    for (let i = first; i < Math.min(count, first + perRequest); i++) {
      const service = i === 0 ? 0 : (Math.floor(i / 20) * 7 + (i % 3)) % 12;
      const spans = byService.get(service) ?? [];
      byService.set(service, spans);
      spans.push(spanOf(traceId, i, count, start));
    }
    requests.push({
      resourceSpans: Array.from(byService, ([service, spans]) => ({
        resource: { attributes: [{ key: "service.name", value: { stringValue: `service-${service}` } }] },
        scopeSpans: [{ scope: { name: "load" }, spans }],
      })),
    });
  }
  return requests;
}

function spanOf(traceId: string, i: number, count: number, start: bigint): OtlpSpan {
  const parent = Math.floor((i - 1) / 20);
  const from = BigInt(i) * 40_000n;
  const length = i === 0 ? BigInt(count) * 40_000n : BigInt(30_000 + ((i * 7919) % 90) * 25_000);
  return {
    traceId,
    spanId: (i + 1).toString(16).padStart(16, "0"),
    ...(i > 0 && { parentSpanId: (parent + 1).toString(16).padStart(16, "0") }),
    name: `operation ${i % 200}`,
    kind: 1 + (i % 5),
    startTimeUnixNano: String(start + from),
    endTimeUnixNano: String(start + from + length),
    attributes: Array.from({ length: 8 }, (_, k) => ({
      key: `attribute.${k}`,
      value: { stringValue: `value ${(i * 31 + k) % 1000}` },
    })),
    status: { code: i % 97 === 0 && i > 0 ? 2 : 0 },
  };
}
