import { isIPv4, isIPv6 } from "node:net";

const GROUPS = 8;

/** The 4 or 16 bytes of an IP address; undefined for what is none, and for one with a zone. */
export function addressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // 64:ff9b::192.0.2.1 has its last two groups as an IPv4 address.
  const [, begin, tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const whole = tail === undefined ? text : `${begin}${groupsOf(Buffer.from(tail.split(".").map(Number)))}`;
  const [left = "", right] = whole.split("::");
  const first = left === "" ? [] : left.split(":");
  const last = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array<string>(GROUPS - first.length - last.length).fill("0");
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, "0")).join(""), "hex");
}

function groupsOf(bytes: Buffer): string {
  return `${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
