import { isIP } from "node:net";

/**
 * The IPv4 address that IPv6 writes as `::ffff:10.0.0.1` or `::ffff:a00:1` (RFC 4291 §2.5.5.2), as sockets of both
 * families show IPv4 peers; everything else as it is.
 */
export function unmappedAddress(address: string): string {
  const [, mapped] = /^::ffff:([\d.]+|[\da-f]{1,4}:[\da-f]{1,4})$/i.exec(address) ?? [];
  if (mapped === undefined) return address;
  if (!mapped.includes(":")) return isIP(mapped) === 4 ? mapped : address;
  const [high = 0, low = 0] = mapped.split(":").map((part) => Number.parseInt(part, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
