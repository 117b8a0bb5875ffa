/** What the codecs need of Node's `net`: whether a text is an address. */
export function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** By the URL parser, which refuses what is none; a zone (`%eth0`) is cut off before. */
export function isIPv6(text: string): boolean {
  const address = text.replace(/%[\w.-]+$/, "");
  return /^[\da-f:.]+$/i.test(address) && address.includes(":") && URL.canParse(`http://[${address}]/`);
}
