/** The IPv4 address at `start`. */
export function ipv4Text(bytes: Uint8Array, start: number): string {
  return bytes.subarray(start, start + 4).join(".");
}

/** The IPv6 address at `start` as RFC 5952 writes it: the first of the longest runs of zeros is `::`. */
export function ipv6Text(bytes: Uint8Array, start: number): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[start + 2 * i] as number) << 8) | (bytes[start + 2 * i + 1] as number)).toString(16),
  );
  let [from, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (groups[end] === "0") end++;
    if (end - i > length) [from, length] = [i, end - i];
  }
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, from).join(":")}::${groups.slice(from + length).join(":")}`;
}
