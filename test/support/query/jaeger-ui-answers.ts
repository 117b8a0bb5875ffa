import { z } from "zod";

/** What Jaeger UI (packages/jaeger-ui/src/api/v3) takes of each answer; it shows nothing of one that has less. */
const id = (digits: number) =>
  z.stringFormat("id", (text) => new RegExp(`^[0-9a-f]{${digits}}$`, "i").test(text) && !/^0+$/.test(text));
const decimal = (min: bigint, max: bigint) =>
  z.stringFormat("decimal", (text) => /^-?\d+$/.test(text) && BigInt(text) >= min && BigInt(text) <= max);
const nanos = decimal(0n, (1n << 64n) - 1n);
const count = z.int().min(0);

const VALUES = ["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"];
const value: z.ZodType = z.lazy(() =>
  z
    .looseObject({
      stringValue: z.string().optional(),
      boolValue: z.boolean().optional(),
      intValue: decimal(-(1n << 63n), (1n << 63n) - 1n).optional(),
      doubleValue: z.number().optional(),
      arrayValue: z.looseObject({ values: z.array(value).optional() }).optional(),
      kvlistValue: z.looseObject({ values: attributes.optional() }).optional(),
      bytesValue: z.base64().optional(),
    })
    .refine((object) => VALUES.filter((name) => object[name] !== undefined).length === 1, "one value"),
);
const attributes = z.array(z.looseObject({ key: z.string(), value }));

const event = z.looseObject({
  timeUnixNano: nanos.optional(),
  name: z.string().optional(),
  attributes: attributes.optional(),
  droppedAttributesCount: count.optional(),
});
const link = z.looseObject({
  traceId: id(32),
  spanId: id(16),
  traceState: z.string().optional(),
  attributes: attributes.optional(),
  droppedAttributesCount: count.optional(),
  flags: count.optional(),
});
const span = z.looseObject({
  traceId: id(32),
  spanId: id(16),
  traceState: z.string().optional(),
  parentSpanId: id(16).optional(),
  flags: count.optional(),
  name: z.string().optional(),
  kind: count.optional(),
  startTimeUnixNano: nanos.optional(),
  endTimeUnixNano: nanos.optional(),
  attributes: attributes.optional(),
  droppedAttributesCount: count.optional(),
  events: z.array(event).optional(),
  droppedEventsCount: count.optional(),
  links: z.array(link).optional(),
  droppedLinksCount: count.optional(),
  status: z.looseObject({ message: z.string().optional(), code: count.optional() }).optional(),
});
const scopeSpans = z.looseObject({
  scope: z
    .looseObject({ name: z.string().optional(), version: z.string().optional(), attributes: attributes.optional() })
    .optional(),
  spans: z.array(span),
  schemaUrl: z.string().optional(),
});
const resourceSpans = z.looseObject({
  resource: z.looseObject({ attributes: attributes.optional() }).optional(),
  scopeSpans: z.array(scopeSpans),
  schemaUrl: z.string().optional(),
});

export const servicesAnswer = z.object({ services: z.array(z.string()) });
export const operationsAnswer = z.object({
  operations: z.array(z.object({ name: z.string(), spanKind: z.string() })),
});
export const traceAnswer = z.looseObject({
  result: z.looseObject({ resourceSpans: z.array(resourceSpans) }),
});
export const summariesAnswer = z.looseObject({
  summaries: z.array(
    z.looseObject({
      traceId: id(32),
      rootServiceName: z.string(),
      rootOperationName: z.string(),
      minStartTimeUnixNano: nanos,
      maxEndTimeUnixNano: nanos,
      spanCount: count,
      errorSpanCount: count,
      orphanSpanCount: count,
      services: z.array(z.object({ name: z.string(), spanCount: count, errorSpanCount: count })),
    }),
  ),
});
