import { readHeaders } from "./carrier.ts";
import { type Baggage, type BaggageEntry, NOTHING_PROPAGATED, type Propagator } from "./context.ts";
import { percentDecode, percentEncode } from "./percent.ts";

/** W3C Baggage asks for at least 64 members and 8192 bytes; counted over all headers of a request together. */
export const BAGGAGE_LIMITS = { members: 180, bytes: 8192 } as const;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const OCTET = /[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/;
const METADATA = /^[\x20-\x7e]*$/;

/** True for keys that baggage can carry: HTTP tokens. */
export function isBaggageKey(key: string): boolean {
  return TOKEN.test(key);
}

/** Members of all `baggage` headers in order; malformed ones are skipped, of equal keys the last value holds. */
export function parseBaggage(headers: readonly string[]): Baggage {
  const entries = new Map<string, BaggageEntry>();
  let members = 0;
  let bytes = 0;
  for (const header of headers) {
    for (const part of header.split(",")) {
      bytes += new TextEncoder().encode(part).length + 1;
      if (bytes - 1 > BAGGAGE_LIMITS.bytes || members === BAGGAGE_LIMITS.members) return [...entries.values()];
      const entry = parseMember(part);
      if (entry === undefined) continue;
      members++;
      entries.set(entry.key, entry);
    }
  }
  return [...entries.values()];
}

/** A `baggage` value of at most BAGGAGE_LIMITS; members that do not fit or have an impossible key are left out. */
export function formatBaggage(baggage: Baggage): string {
  const members: string[] = [];
  let bytes = 0;
  for (const { key, value, metadata } of baggage) {
    if (!TOKEN.test(key)) continue;
    const properties = metadata !== "" && METADATA.test(metadata) && !metadata.includes(",") ? `;${metadata}` : "";
    const member = `${key}=${percentEncode(value, OCTET)}${properties}`;
    const size = member.length + (members.length === 0 ? 0 : 1);
    if (members.length === BAGGAGE_LIMITS.members) break;
    if (bytes + size > BAGGAGE_LIMITS.bytes) continue;
    bytes += size;
    members.push(member);
  }
  return members.join(",");
}

/** W3C Baggage. It never names a span. */
export const baggagePropagator: Propagator = {
  fields: ["baggage"],
  extract(carrier) {
    const headers = readHeaders(carrier).get("baggage");
    return headers === undefined ? NOTHING_PROPAGATED : { ...NOTHING_PROPAGATED, baggage: parseBaggage(headers) };
  },
  inject({ baggage }) {
    const value = formatBaggage(baggage);
    return value === "" ? [] : [["baggage", value]];
  },
};

function parseMember(text: string): BaggageEntry | undefined {
  const semicolon = text.indexOf(";");
  const pair = semicolon < 0 ? text : text.slice(0, semicolon);
  const equals = pair.indexOf("=");
  if (equals < 0) return undefined;
  const key = pair.slice(0, equals).trim();
  if (!TOKEN.test(key)) return undefined;
  const metadata = semicolon < 0 ? "" : text.slice(semicolon + 1).trim();
  return { key, value: percentDecode(pair.slice(equals + 1).trim()), metadata };
}
