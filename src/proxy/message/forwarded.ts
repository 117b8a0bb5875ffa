import { unmappedAddress } from "../../model/net/unmapped-address.ts";

export interface ForwardedFrom {
  /** Address of the peer. */
  readonly address: string | undefined;
  readonly scheme: "http" | "https";
  /** The Host header as it came. */
  readonly authority: string | undefined;
  /** Port of the authority, where it names one. */
  readonly port: number | undefined;
  /** True where what the peer says about those before it is kept. */
  readonly trusted: boolean;
}

/** Headers that this hop writes. Other `X-Forwarded-*` of trusted callers go on as they came. */
const OWN: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
]);

/**
 * True for the lower-case name of a header that says where a request came from. Only trusted callers are believed.
 */
export function isForwarded(name: string): boolean {
  return name.startsWith("x-forwarded-") || name === "forwarded" || name === "x-real-ip";
}

/**
 * Adds `Forwarded` (RFC 7239), and the older `X-Forwarded-*`, to a flat list. This hop comes behind what trusted
 * callers said. `before` has that by lower-case name.
 */
export function forwardedHeaders(
  out: string[],
  from: ForwardedFrom,
  before: ReadonlyMap<string, readonly string[]>,
): void {
  const { authority, scheme, port } = from;
  const address = from.address === undefined ? undefined : unmappedAddress(from.address);
  const chain = (name: string, own: string): void => {
    const told = before.get(name.toLowerCase());
    out.push(name, told === undefined ? own : `${told.join(", ")}, ${own}`);
  };
  // The outermost proxy knows the host, scheme and port that the user asked for. Later ones keep what it said.
  const first = (name: string, own: string | undefined): void => {
    const value = before.get(name.toLowerCase())?.join(", ") ?? own;
    if (value !== undefined) out.push(name, value);
  };
  const node = address === undefined ? "unknown" : address.includes(":") ? `"[${address}]"` : address;
  // A name or IPv4 address is a token. A port or IPv6 address has to be quoted.
  const host = authority === undefined ? "" : /[^\w.-]/.test(authority) ? `host="${authority}";` : `host=${authority};`;
  chain("Forwarded", `for=${node};${host}proto=${scheme}`);
  if (address !== undefined) chain("X-Forwarded-For", address);
  first("X-Forwarded-Host", authority);
  first("X-Forwarded-Proto", scheme);
  first("X-Forwarded-Port", authority === undefined ? undefined : String(port ?? (scheme === "https" ? 443 : 80)));
  for (const [name, values] of before) if (!OWN.has(name)) out.push(name, values.join(", "));
}
