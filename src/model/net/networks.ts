import { BlockList, isIP } from "node:net";
import { unmappedAddress } from "./unmapped-address.ts";

/** Whether an address of a peer lies in one of the networks; of IPv4 as IPv6 writes it too. */
export function inNetworks(networks: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const network of networks.map(parseNetwork)) {
    if (network !== undefined) list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const bare = unmappedAddress(address ?? "");
    const family = isIP(bare);
    return family !== 0 && list.check(bare, family === 6 ? "ipv6" : "ipv4");
  };
}

/** Undefined for what is neither an address nor a network. */
export function parseNetwork(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const width = version === 6 ? 128 : 32;
  const size = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  return size < 0 || size > width ? undefined : { address, bits: size, family: version === 6 ? "ipv6" : "ipv4" };
}
