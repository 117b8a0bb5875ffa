import { SPAN_KIND, STATUS_CODE } from "../../../model/span.ts";
import type { FieldValue } from "../../../model/trace-query.ts";
import { printLiteral } from "../../../traceql/print-field.ts";
import type { UiExternalKind, UiExternalLink, UiExternalNode } from "./external-types.ts";

/** Fewer than the services that a map shows at once. */
export const MAX_EXTERNAL = 30;

/**
 * The attributes that name what is called, in the order in which they are asked for; of each group the first that a
 * span has. Names of the semantic conventions for databases, messaging and peers, and those that they replaced.
 */
const SYSTEMS = ["db.system.name", "db.system", "messaging.system"] as const;
const PEERS = ["service.peer.name", "peer.service"] as const;
const ADDRESSES = ["server.address", "net.peer.name"] as const;
export const NAMING = [...SYSTEMS, ...PEERS, ...ADDRESSES] as const;

/** Spans of one service, kind and status that name the same. */
export interface CallGroup {
  readonly service: string;
  readonly kind: number;
  readonly status: number;
  /** Texts under the attributes of `NAMING`, in its order. */
  readonly names: readonly (string | undefined)[];
  readonly count: number;
}

/** Spans as nodes, and the calls to and from them. What names nothing, and `known` services, are no nodes. */
export function externalGraph(
  groups: Iterable<CallGroup>,
  known: ReadonlySet<string>,
): { readonly nodes: UiExternalNode[]; readonly links: UiExternalLink[]; readonly left: number } {
  const nodes = new Map<string, { node: UiExternalNode; calls: number }>();
  const links = new Map<string, { parent: string; child: string; callCount: number; errorCount: number }>();
  for (const { service, kind, status, names, count } of groups) {
    const node = nodeOf(names);
    if (node === undefined || known.has(node.id) || (node.kind === "external" && known.has(node.name))) continue;
    const held = nodes.get(node.id);
    if (held === undefined) nodes.set(node.id, { node, calls: count });
    else held.calls += count;
    const [parent, child] = kind === SPAN_KIND.consumer ? [node.id, service] : [service, node.id];
    const key = JSON.stringify([parent, child]);
    const link = links.get(key) ?? { parent, child, callCount: 0, errorCount: 0 };
    link.callCount += count;
    if (status === STATUS_CODE.error) link.errorCount += count;
    links.set(key, link);
  }
  const busiest = [...nodes.values()].sort((a, b) => b.calls - a.calls || (a.node.id < b.node.id ? -1 : 1));
  const shown = busiest.slice(0, MAX_EXTERNAL).map(({ node }) => node);
  const ids = new Set(shown.map(({ id }) => id));
  return {
    nodes: shown,
    links: [...links.values()].filter(({ parent, child }) => ids.has(parent) || ids.has(child)),
    left: busiest.length - shown.length,
  };
}

function nodeOf(names: CallGroup["names"]): UiExternalNode | undefined {
  const first = (keys: readonly (typeof NAMING)[number][]) => {
    const key = keys.find((one) => (names[NAMING.indexOf(one)] ?? "") !== "");
    return key === undefined ? undefined : { key, text: names[NAMING.indexOf(key)] as string };
  };
  const [system, peer, address] = [first(SYSTEMS), first(PEERS), first(ADDRESSES)];
  const main = system ?? peer ?? address;
  if (main === undefined) return undefined;
  const kind: UiExternalKind =
    system === undefined ? "external" : system.key === "messaging.system" ? "queue" : "database";
  // Consumers and producers name the broker differently or not at all: the queue is one.
  const where = kind === "database" ? address : undefined;
  const condition = [main, ...(where === undefined ? [] : [where])]
    .map(({ key, text }) => `span.${key} = ${printLiteral({ type: "string", value: text })}`)
    .join(" && ");
  return {
    id: where === undefined ? `${main.text} (${kind})` : `${main.text} at ${where.text}`,
    kind,
    name: main.text,
    ...(where === undefined ? {} : { address: where.text }),
    condition,
  };
}

/** What a value of a group says; undefined for what is no text. */
export function nameIn(value: FieldValue | undefined): string | undefined {
  return value?.type === "string" ? value.value : undefined;
}
