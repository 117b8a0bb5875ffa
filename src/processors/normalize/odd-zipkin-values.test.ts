import { describe, expect, it } from "vitest";
import { Metrics } from "../../component/metrics.ts";
import { nameOf } from "../../model/span-columns.ts";
import { Normalizer } from "./normalize.ts";
import { normalizeConfig } from "./normalize-config.ts";

const normalizer = new Normalizer(normalizeConfig.parse({}), new Metrics());
const NEIGHBOURS = 250;
const T = 1_790_000_000_000_000;

const good = (name: string) => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  id: "b7ad6b7169203331",
  name,
  timestamp: T,
});
const endpoint = { serviceName: "s", ipv4: "10.0.0.1", ipv6: "::1", port: 80 };
const full = {
  ...good("odd"),
  parentId: "00f067aa0ba902b7",
  kind: "CLIENT",
  duration: 5,
  localEndpoint: endpoint,
  remoteEndpoint: endpoint,
  annotations: [{ timestamp: T, value: "a" }],
  tags: { k: "v" },
  debug: true,
  shared: false,
};
const v1 = {
  ...good("odd"),
  annotations: [{ timestamp: T, value: "cs", endpoint }],
  binaryAnnotations: [{ key: "k", value: "v", endpoint }],
};
const ODD: Record<string, string> = {
  null: "null",
  true: "true",
  number: "5",
  float: "1.5",
  negative: "-1",
  huge: "1e300",
  "beyond 64 bits": "36893488147419103232",
  text: '"x"',
  "empty text": '""',
  "half of a pair": '"\\ud800"',
  array: "[]",
  "array of anything": '[null,7,"x",{},[],[[]]]',
  object: "{}",
  "unknown object": '{"a":1}',
  nested: '{"a":{"b":[{"c":{}}]}}',
};
const PLACE = "the odd value";

/** Where an odd value gets into a span: the field by its path. */
const PLACES: Record<string, object> = {
  ...Object.fromEntries(Object.keys(full).map((key) => [key, { ...full, [key]: PLACE }])),
  ...Object.fromEntries(
    Object.keys(endpoint).map((key) => [
      `localEndpoint.${key}`,
      { ...full, localEndpoint: { ...endpoint, [key]: PLACE } },
    ]),
  ),
  "annotations[0]": { ...full, annotations: [PLACE] },
  "annotations[0].timestamp": { ...full, annotations: [{ timestamp: PLACE, value: "a" }] },
  "annotations[0].value": { ...full, annotations: [{ timestamp: T, value: PLACE }] },
  "tags.k": { ...full, tags: { k: PLACE } },
  unknown: { ...full, unknown: PLACE },
  binaryAnnotations: { ...v1, binaryAnnotations: PLACE },
  "binaryAnnotations[0]": { ...v1, binaryAnnotations: [PLACE] },
  "binaryAnnotations[0].key": { ...v1, binaryAnnotations: [{ key: PLACE, value: "v", endpoint }] },
  "binaryAnnotations[0].value": { ...v1, binaryAnnotations: [{ key: "k", value: PLACE, endpoint }] },
  "binaryAnnotations[0].endpoint": { ...v1, binaryAnnotations: [{ key: "k", value: "v", endpoint: PLACE }] },
  "annotations[0].endpoint": { ...v1, annotations: [{ timestamp: T, value: "cs", endpoint: PLACE }] },
};
const before = Array.from({ length: NEIGHBOURS }, (_, i) => JSON.stringify(good(`before ${i}`))).join(",");
const after = Array.from({ length: NEIGHBOURS }, (_, i) => JSON.stringify(good(`after ${i}`))).join(",");

describe.each(Object.entries(PLACES))("Zipkin's JSON: in the place of %s", (_path, span) => {
  it.each(Object.entries(ODD))("%s costs at most its span", (_name, odd) => {
    const text = JSON.stringify(span).replace(JSON.stringify(PLACE), odd);
    const { scan, rejected, message } = normalizer.normalize(
      "zipkin_json",
      Buffer.from(`[${before},${text},${after}]`),
    );
    const { columns } = scan;
    const names = Array.from({ length: columns.count }, (_, row) => nameOf(columns, row));
    expect(names.filter((name) => /^(?:before|after) /.test(name))).toHaveLength(2 * NEIGHBOURS);
    expect(columns.count + rejected).toBe(2 * NEIGHBOURS + 1);
    if (rejected > 0) expect(message).toContain(`; spans[${NEIGHBOURS}]`);
  });
});
