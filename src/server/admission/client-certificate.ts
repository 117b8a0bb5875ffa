import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** By connection: what a certificate says is read once. */
const NAMES = new WeakMap<Socket, readonly string[]>();

/**
 * Whom the certificate names that a client has shown and an authority of the listener signed: its DNS names, URIs,
 * mail and IP addresses (subjectAltName), and only where it has none its common name (RFC 9525 §2 knows no other way
 * to tell them apart). What is no URI is in lower case. Empty without such a certificate.
 */
export function certificateNames(socket: Socket): readonly string[] {
  const known = NAMES.get(socket);
  if (known !== undefined) return known;
  const { authorized, getPeerX509Certificate } = socket as Partial<TLSSocket>;
  const certificate = authorized === true ? getPeerX509Certificate?.call(socket) : undefined;
  const names = certificate === undefined ? [] : namesOf(certificate);
  NAMES.set(socket, names);
  return names;
}

/** @internal */
export function namesOf({ subjectAltName, subject }: Pick<X509Certificate, "subjectAltName" | "subject">): string[] {
  if (subjectAltName !== undefined) return alternativeNames(subjectAltName);
  // A line for each part; what could be taken for another line is escaped.
  const [commonName, ...others] = [...subject.matchAll(/^CN=(.+)$/gm)].map(([, name = ""]) => name.toLowerCase());
  return commonName === undefined || others.length > 0 ? [] : [commonName];
}

const KINDS: ReadonlySet<string> = new Set(["DNS", "URI", "email", "IP Address"]);

/**
 * Node writes `DNS:a, URI:"b, c"`: what holds a comma or a quote is a text of JSON. Names of other kinds are read and
 * left out, as what looks like a name may stand within one; what cannot be read ends the list.
 */
function alternativeNames(text: string): string[] {
  const names: string[] = [];
  for (const [, kind = "", value = ""] of text.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy)) {
    if (!KINDS.has(kind)) continue;
    const name = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    names.push(kind === "URI" ? name : name.toLowerCase());
  }
  return names;
}
