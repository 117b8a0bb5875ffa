import { FieldTable } from "../json/json-fields.ts";

/** Fields of a span of either version. */
export const SPAN = {
  traceId: 1,
  id: 2,
  parentId: 3,
  name: 4,
  kind: 5,
  timestamp: 6,
  duration: 7,
  localEndpoint: 8,
  remoteEndpoint: 9,
  annotations: 10,
  tags: 11,
  debug: 12,
  shared: 13,
  binaryAnnotations: 14,
} as const;
export const SPAN_FIELDS = new FieldTable(SPAN);
const ENDPOINT = { serviceName: 1, ipv4: 2, ipv6: 3, port: 4 } as const;
export const ENDPOINT_FIELDS = new FieldTable(ENDPOINT);
/** Fields of an annotation of either version, and of a binary annotation. */
export const NOTE = { timestamp: 1, value: 2, endpoint: 3, key: 4 } as const;
export const NOTE_FIELDS = new FieldTable(NOTE);
