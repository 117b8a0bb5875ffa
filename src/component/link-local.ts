import { BlockList, isIP } from "node:net";

/**
 * True for link-local addresses (RFC 3927, RFC 4291 §2.5.6), IPv4-mapped ones too, and for the addresses outside those
 * ranges under which clouds serve instance credentials: nothing that is configured or registered may make the collector
 * talk to them. False for names; those are checked when they resolve.
 */
export function isLinkLocal(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  return family !== 0 && LINK_LOCAL.check(bare, family === 6 ? "ipv6" : "ipv4");
}

const LINK_LOCAL: BlockList = new BlockList();
LINK_LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LINK_LOCAL.addSubnet("fe80::", 10, "ipv6");
LINK_LOCAL.addAddress("fd00:ec2::254", "ipv6");
LINK_LOCAL.addAddress("100.100.100.200", "ipv4");
