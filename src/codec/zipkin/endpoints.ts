import { isIPv4, isIPv6 } from "node:net";
import { type Attributes, anyValueText, findAttribute } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, type SpanKind } from "../../model/span.ts";
import { intFromText } from "../mapping/any-value-json.ts";
import type { TagBag } from "../mapping/take-tags.ts";
import type { ZipkinEndpoint } from "./model.ts";

/**
 * Where a remote endpoint comes from, best first (OpenTelemetry to Zipkin transformation, "Remote endpoint"). An
 * address with a port key is a socket address, the others are names.
 */
export const REMOTE_RANK: readonly { readonly key: string; readonly port?: string }[] = [
  { key: "peer.service" },
  { key: "server.address" },
  { key: "net.peer.name" },
  { key: "network.peer.address", port: "network.peer.port" },
  { key: "server.socket.domain" },
  { key: "server.socket.address", port: "server.socket.port" },
  { key: "net.sock.peer.name" },
  { key: "net.sock.peer.addr", port: "net.sock.peer.port" },
  { key: "peer.hostname" },
  { key: "peer.address" },
  { key: "db.name" },
];

const REMOTE_KEYS = REMOTE_RANK.map((rank) => rank.key);
const REMOTE_PORT_KEYS = REMOTE_RANK.flatMap((rank) => rank.port ?? []);

/** `server.*` of a server span is the span's own address, so only what always means the peer counts there. */
export const PEER_KEYS: ReadonlySet<string> = new Set(["peer.service", "network.peer.address", "net.sock.peer.addr"]);

/** The tags that say what an endpoint has no place for elsewhere. */
export const LOCAL = { address: "network.local.address", port: "network.local.port" } as const;
export const REMOTE = { service: "peer.service", address: "network.peer.address", port: "network.peer.port" } as const;

/** The endpoint of the span's own service. */
export function localEndpoint(service: string, attributes: Attributes): ZipkinEndpoint {
  const address = textOf(attributes, LOCAL.address);
  return {
    ...(service === "" ? {} : { serviceName: service }),
    ...(address === undefined ? {} : socketAddress(address, textOf(attributes, LOCAL.port))),
  };
}

/**
 * The peer by rank: the best name, and beside it the best socket address. A socket address that is no IP address is
 * taken for a name. Undefined where no attribute tells.
 */
export function remoteEndpoint(span: Span): ZipkinEndpoint | undefined {
  let serviceName: string | undefined;
  let socket: ZipkinEndpoint | undefined;
  for (const { key, port } of REMOTE_RANK) {
    if (!callsOut(span.kind) && !PEER_KEYS.has(key)) continue;
    const text = textOf(span.attributes, key);
    if (text === undefined || text === "") continue;
    if (port === undefined || !isIp(text)) {
      // A database's name is no better than an address that is known.
      if (key !== "db.name" || socket === undefined) serviceName ??= text;
    } else socket ??= socketAddress(text, textOf(span.attributes, port));
  }
  if (serviceName === undefined && socket === undefined) return undefined;
  return { ...(serviceName === undefined ? {} : { serviceName }), ...socket };
}

/** Adds what an endpoint tells and no tag does: `peer.service`, `network.peer.*`; `network.local.*` for the own one. */
export function addEndpointTags(
  tags: TagBag,
  local: ZipkinEndpoint | undefined,
  remote: ZipkinEndpoint | undefined,
): void {
  const localAddress = local?.ipv4 ?? local?.ipv6;
  if (localAddress !== undefined) tags.add(LOCAL.address, { type: "string", value: localAddress });
  if (local?.port !== undefined) addPort(tags, LOCAL.port, local.port);

  const address = remote?.ipv4 ?? remote?.ipv6;
  if (remote?.serviceName !== undefined && !says(tags, REMOTE_KEYS, remote.serviceName)) {
    tags.add(REMOTE.service, { type: "string", value: remote.serviceName });
  }
  if (address !== undefined && !says(tags, REMOTE_KEYS, address)) {
    tags.add(REMOTE.address, { type: "string", value: address });
  }
  if (remote?.port !== undefined) {
    if (!says(tags, REMOTE_PORT_KEYS, String(remote.port))) addPort(tags, REMOTE.port, remote.port);
  }
}

function addPort(tags: TagBag, key: string, port: number): void {
  tags.add(key, { type: "int", value: BigInt(port) });
}

function says(tags: TagBag, keys: readonly string[], text: string): boolean {
  return keys.some((key) => {
    const value = tags.get(key);
    return value !== undefined && anyValueText(value) === text;
  });
}

function callsOut(kind: SpanKind): boolean {
  return kind === SPAN_KIND.client || kind === SPAN_KIND.producer;
}

function isIp(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

function socketAddress(address: string, port: string | undefined): ZipkinEndpoint {
  if (!isIp(address)) return {};
  const number = port === undefined ? undefined : intFromText(port);
  const inRange = number?.type === "int" && number.value >= 1n && number.value <= 65535n;
  return {
    ...(isIPv4(address) ? { ipv4: address } : { ipv6: address }),
    ...(inRange ? { port: Number(number.value) } : {}),
  };
}

function textOf(attributes: Attributes, key: string): string | undefined {
  const value = findAttribute(attributes, key);
  return value === undefined ? undefined : anyValueText(value);
}
