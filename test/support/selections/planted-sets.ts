import type { Random } from "../../../src/demo/random.ts";
import type { Attributes } from "../../../src/model/any-value.ts";
import { SPAN_KIND, type Span, STATUS_CODE, type TracesData } from "../../../src/model/span.ts";

/** Some hundred traces of which one attribute makes some slow, or fail. */
export interface PlantedSet {
  readonly traces: readonly TracesData[];
  readonly cause: { readonly scope: "span" | "resource"; readonly key: string; readonly value: string };
  /** What is selected: traces that took at least so long, ns, or those that failed. */
  readonly slowFrom: bigint | undefined;
}

const KEYS = ["region", "sku", "tier", "channel", "shard", "feature", "customer.plan", "client", "locale", "queue"];
/** Fewer that the cause made are no pattern; others are to be made in addition at most. */
const LEAST_HITS = 8;
const LEAST_SHARE = 0.3;
/** 2026-11-23. */
const BEGAN_NANO = 1_795_392_000_000_000_000n;

interface Service {
  readonly name: string;
  readonly operation: string;
  /** How often a request comes here. */
  readonly chance: number;
  /** Of a resource, one of these each time; the version goes with the host. */
  readonly hosts: readonly string[];
  /** Of its spans: a key, and its values with the common ones repeated. */
  readonly attributes: readonly { readonly key: string; readonly values: readonly string[]; readonly chance: number }[];
}

/**
 * A shop of random services, hosts and attributes; ids and durations that differ in every span, other slow and failed
 * requests beside, and one planted cause: a value of an attribute, or a host.
 */
export function plantedSet(random: Random): PlantedSet {
  for (;;) {
    const set = maybePlantedSet(random, random.int(400, 1_500));
    if (set.hits >= LEAST_HITS && set.hits >= LEAST_SHARE * set.selected) return set;
  }
}

function maybePlantedSet(random: Random, requests: number) {
  const services = Array.from({ length: random.int(4, 9) }, (_, i) => service(random, i));
  const place = random.pick(services);
  const attribute = random.pick(place.attributes);
  const byHost = random.chance(0.25);
  const cause = byHost
    ? ({ scope: "resource", key: "host.name", value: random.pick(place.hosts) } as const)
    : ({ scope: "span", key: attribute.key, value: random.pick(attribute.values) } as const);
  const fails = random.chance(0.3);
  /** How often the cause takes effect, and how often other requests are as slow, or fail. */
  const effect = 0.25 + 0.7 * random.next();
  const noise = 0.03 * random.next();
  const traces: TracesData[] = [];
  let [hits, selected] = [0, 0];
  for (let i = 0; i < requests; i++) {
    const { data, hit, byCause } = request(
      random,
      services,
      i,
      ({ of, host, value }) => {
        const isThere = of === place && (byHost ? host === cause.value : value(cause.key) === cause.value);
        return isThere && random.chance(effect);
      },
      { fails, noise },
    );
    traces.push(data);
    if (hit) selected++;
    if (byCause) hits++;
  }
  return { traces, cause, slowFrom: fails ? undefined : 1_000_000_000n, hits, selected };
}

function service(random: Random, index: number): Service {
  const keys = KEYS.filter(() => random.chance(0.4));
  if (keys.length === 0) keys.push("region");
  const name = `service-${index}`;
  return {
    name,
    operation: `${random.pick(["GET", "POST"])} /${name}/${random.hex(2)}`,
    chance: index === 0 ? 1 : 0.3 + 0.7 * random.next(),
    hosts: Array.from({ length: random.int(3, 12) }, (_, i) => `${name}-${i}-${random.hex(3)}`),
    attributes: keys.map((key) => {
      const distinct = Array.from({ length: random.int(3, 20) }, (_, i) => `${key}-${i}`);
      return {
        key,
        values: distinct.flatMap((value, i) => (i < 2 ? [value, value, value] : [value])),
        chance: random.chance(0.7) ? 1 : 0.5,
      };
    }),
  };
}

interface Call {
  readonly of: Service;
  readonly host: string;
  value(key: string): string | undefined;
}

function request(
  random: Random,
  services: readonly Service[],
  index: number,
  isHit: (call: Call) => boolean,
  { fails, noise }: { readonly fails: boolean; readonly noise: number },
): { readonly data: TracesData; readonly hit: boolean; readonly byCause: boolean } {
  const traceId = random.hex(16);
  const start = BEGAN_NANO + BigInt(index) * 1_000_000_000n;
  const spans: { readonly of: Service; readonly host: string; readonly span: Span }[] = [];
  let byCause = false;
  let rootId = "";
  for (const of of services) {
    if (!random.chance(of.chance)) continue;
    const host = random.pick(of.hosts);
    const values = new Map<string, string>();
    for (const { key, values: all, chance } of of.attributes)
      if (random.chance(chance)) values.set(key, random.pick(all));
    if (isHit({ of, host, value: (key) => values.get(key) })) byCause = true;
    const spanId = random.hex(8);
    const ids = {
      "request.id": random.hex(8),
      "thread.id": String(random.int(1, 40)),
      "user.id": `u${random.int(1, 5_000)}`,
    };
    const attributes = texts({ ...Object.fromEntries(values), ...ids, "http.route": of.operation });
    const end = start + BigInt(random.int(1, 80)) * 1_000_000n;
    const kind = rootId === "" ? SPAN_KIND.server : SPAN_KIND.client;
    spans.push({ of, host, span: plainSpan(traceId, spanId, rootId, of.operation, kind, start, end, attributes) });
    if (rootId === "") rootId = spanId;
  }
  const hit = byCause || random.chance(noise);
  const slow = hit && !fails ? BigInt(random.int(1_100, 3_000)) * 1_000_000n : 100_000_000n;
  const data = spans.map(({ of, host, span }, i) => {
    const root =
      i === 0
        ? {
            endTimeUnixNano: start + slow,
            status: { code: hit && fails ? STATUS_CODE.error : STATUS_CODE.unset, message: "" },
          }
        : {};
    return {
      resource: {
        attributes: texts({
          "service.name": of.name,
          "host.name": host,
          "service.version": host.endsWith("0") ? "2.1.0" : "2.0.4",
          "process.pid": String(random.int(1, 30_000)),
        }),
        droppedAttributesCount: 0,
        entityRefs: [],
      },
      schemaUrl: "",
      scopeSpans: [
        {
          scope: { name: "made", version: "1", attributes: [], droppedAttributesCount: 0 },
          schemaUrl: "",
          spans: [{ ...span, ...root }],
        },
      ],
    };
  });
  return { data, hit, byCause };
}

function plainSpan(
  traceId: string,
  spanId: string,
  parentSpanId: string,
  name: string,
  kind: Span["kind"],
  startTimeUnixNano: bigint,
  endTimeUnixNano: bigint,
  attributes: Attributes,
): Span {
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes,
    traceState: "",
    flags: 0x101,
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: STATUS_CODE.unset, message: "" },
  };
}

function texts(values: Readonly<Record<string, string>>): Attributes {
  return Object.entries(values).map(([key, value]) => ({ key, value: { type: "string", value } }));
}
