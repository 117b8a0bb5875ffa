import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { addressBytes } from "./address-bytes.ts";
import * as der from "./der.ts";

/** Of RFC 5280 and RFC 5758. */
const OID = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;
/** Bits of key usage: what a key of an authority may do, and that of a listener or a client. */
const MAY_SIGN = der.bitString(Buffer.of(0b0000_0110), 1);
const MAY_AUTHENTICATE = der.bitString(Buffer.of(0b1000_0000), 7);
const SERIAL_BYTES = 16;

/** A certificate and its key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** Who signs: the name in its certificate, and its key. */
export interface Authority {
  readonly commonName: string;
  readonly key: KeyObject;
}

export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

/** A new authority of this name, which signs itself and others, and no further authority. */
export function createAuthority(commonName: string, validity: Validity): Issued {
  const { privateKey, publicKey } = newKeys();
  const extensions = [
    extension(OID.basicConstraints, der.sequence(der.yes(), der.derInteger(Buffer.of(0))), { critical: true }),
    extension(OID.keyUsage, MAY_SIGN, { critical: true }),
  ];
  const by = { commonName, key: privateKey };
  return { cert: certificate({ commonName, publicKey, by, validity, extensions }), key: pemOf(privateKey) };
}

/**
 * A certificate for a listener or a client.
 * @param names host names and IP addresses; the first is the common name
 */
export function issueCertificate(
  by: Authority,
  names: readonly string[],
  use: "server" | "client",
  validity: Validity,
): Issued {
  const { privateKey, publicKey } = newKeys();
  const usage = use === "server" ? OID.serverAuth : OID.clientAuth;
  const extensions = [
    extension(OID.basicConstraints, der.sequence(), { critical: true }),
    extension(OID.keyUsage, MAY_AUTHENTICATE, { critical: true }),
    extension(OID.extendedKeyUsage, der.sequence(der.objectIdentifier(usage))),
    extension(OID.subjectAltName, der.sequence(...names.map(generalName))),
  ];
  const commonName = names[0] as string;
  return { cert: certificate({ commonName, publicKey, by, validity, extensions }), key: pemOf(privateKey) };
}

interface Parts {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly by: Authority;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

/** PEM of a certificate of version 3 (RFC 5280, 4.1). */
function certificate({ commonName, publicKey, by, validity, extensions }: Parts): string {
  const algorithm = der.sequence(der.objectIdentifier(OID.ecdsaWithSha256));
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  const identifiers = [
    extension(OID.subjectKeyIdentifier, der.octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, der.sequence(der.taggedValue(0, keyIdentifier(by.key)))),
  ];
  const body = der.sequence(
    der.tagged(0, der.derInteger(Buffer.of(2))),
    der.derInteger(serial),
    algorithm,
    distinguishedName(by.commonName),
    der.sequence(der.time(validity.from), der.time(validity.until)),
    distinguishedName(commonName),
    spki(publicKey),
    der.tagged(3, der.sequence(...extensions, ...identifiers)),
  );
  const signed = der.sequence(body, algorithm, der.bitString(sign("sha256", body, by.key)));
  const lines = signed.toString("base64").match(/.{1,64}/g) as string[];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

function spki(key: KeyObject): Buffer {
  return (key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" });
}

/** Any digest of the key that tells keys apart (RFC 5280, 4.2.1.2). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha256").update(spki(key)).digest().subarray(0, 20);
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier(OID.commonName), der.utf8String(commonName))));
}

function extension(oid: string, value: Buffer, { critical = false } = {}): Buffer {
  const mark = critical ? [der.yes()] : [];
  return der.sequence(der.objectIdentifier(oid), ...mark, der.octetString(value));
}

/** An IP address or a DNS name of RFC 5280, 4.2.1.6. */
function generalName(name: string): Buffer {
  const address = addressBytes(name);
  return address === undefined ? der.taggedValue(2, Buffer.from(name, "latin1")) : der.taggedValue(7, address);
}
