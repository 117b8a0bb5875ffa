import { isIP } from "node:net";

/** Record types used here (RFC 1035 §3.2.2, RFC 3596, RFC 2782). */
export const DNS_TYPE = { a: 1, cname: 5, soa: 6, aaaa: 28, srv: 33 } as const;
export type DnsQuestionType = (typeof DNS_TYPE)["a" | "aaaa" | "srv"];

/** RFC 1035 §4.1.1 and RFC 2136. */
export const DNS_RCODE = { ok: 0, server_failure: 2, no_such_name: 3, refused: 5 } as const;

export type DnsRecord = { readonly name: string; readonly ttlSeconds: number } & (
  | { readonly type: "address"; readonly address: string }
  | { readonly type: "cname"; readonly target: string }
  | {
      readonly type: "srv";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  /** `minimum` bounds how long a negative answer may be kept (RFC 2308 §5). */
  | { readonly type: "soa"; readonly minimum: number }
);

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly truncated: boolean;
  readonly rcode: number;
  readonly question: { readonly name: string; readonly type: number } | undefined;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const OPT = 41;
/** Announced by EDNS (RFC 6891): what passes without fragments (DNS flag day 2020). */
const UDP_PAYLOAD_BYTES = 1_232;
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
const MAX_RECORDS = 4_096;
/** RFC 2181 §8: a TTL with the top bit set counts as 0. */
const MAX_TTL = 0x7fff_ffff;

/** A recursive question with EDNS. @throws RangeError for a name that DNS cannot hold. */
export function encodeQuery(id: number, name: string, type: DnsQuestionType): Buffer {
  const question = Buffer.concat([encodeName(name), Buffer.from([0, type, 0, CLASS_IN])]);
  const header = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  const opt = Buffer.from([0, 0, OPT, UDP_PAYLOAD_BYTES >> 8, UDP_PAYLOAD_BYTES & 0xff, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, question, opt]);
}

/** A name in wire form. @throws RangeError */
export function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, "").split(".");
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label);
    if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES) {
      throw new RangeError(`"${name}" is no DNS name: a label has 1 to ${MAX_LABEL_BYTES} bytes`);
    }
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  const encoded = Buffer.concat([...parts, Buffer.from([0])]);
  if (encoded.length > MAX_NAME_BYTES) throw new RangeError(`"${name}" is no DNS name: it is too long`);
  return encoded;
}

/** Reads a message (RFC 1035 §4). @throws RangeError for bytes that are none, loops of pointers included. */
export function decodeMessage(bytes: Buffer): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw new RangeError(`a DNS message has at least ${HEADER_BYTES} bytes`);
  const flags = bytes.readUInt16BE(2);
  const [questions, answers, authority, additional] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (answers + authority + additional > MAX_RECORDS) throw new RangeError("too many records");
  const reader = new Reader(bytes);
  let question: DnsMessage["question"];
  for (let i = 0; i < questions; i++) {
    const name = reader.name();
    const type = reader.u16();
    reader.u16();
    question ??= { name, type };
  }
  const section = (count: number): DnsRecord[] => Array.from({ length: count }, () => reader.record()).flat();
  return {
    id: bytes.readUInt16BE(0),
    isResponse: (flags & 0x8000) !== 0,
    truncated: (flags & 0x0200) !== 0,
    rcode: flags & 0x000f,
    question,
    answers: section(answers),
    authority: section(authority),
    additional: section(additional),
  };
}

class Reader {
  readonly #bytes: Buffer;
  #at = HEADER_BYTES;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u16(): number {
    this.#need(2);
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  u32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  /** Lower case, without the final dot; the root is the empty text. */
  name(): string {
    const { name, next } = nameAt(this.#bytes, this.#at);
    this.#at = next;
    return name;
  }

  /** The record, in a list that is empty for types of no interest. */
  record(): DnsRecord[] {
    const name = this.name();
    const type = this.u16();
    this.u16();
    const ttl = this.u32();
    const length = this.u16();
    this.#need(length);
    const start = this.#at;
    const record = this.#data(type, length, { name, ttlSeconds: ttl > MAX_TTL ? 0 : ttl });
    this.#at = start + length;
    return record === undefined ? [] : [record];
  }

  #data(type: number, length: number, head: { name: string; ttlSeconds: number }): DnsRecord | undefined {
    const start = this.#at;
    switch (type) {
      case DNS_TYPE.a:
        if (length !== 4) throw new RangeError(`an A record has 4 bytes, not ${length}`);
        return { ...head, type: "address", address: this.#bytes.subarray(start, start + 4).join(".") };
      case DNS_TYPE.aaaa:
        if (length !== 16) throw new RangeError(`an AAAA record has 16 bytes, not ${length}`);
        return { ...head, type: "address", address: ipv6Text(this.#bytes.subarray(start, start + 16)) };
      case DNS_TYPE.cname:
        return { ...head, type: "cname", target: this.name() };
      case DNS_TYPE.srv:
        if (length < 7) throw new RangeError(`a SRV record has at least 7 bytes, not ${length}`);
        return {
          ...head,
          type: "srv",
          priority: this.u16(),
          weight: this.u16(),
          port: this.u16(),
          target: this.name(),
        };
      case DNS_TYPE.soa: {
        this.name();
        this.name();
        for (let i = 0; i < 4; i++) this.u32();
        return { ...head, type: "soa", minimum: this.u32() };
      }
      default:
        return undefined;
    }
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) throw new RangeError(`the message ends at byte ${this.#bytes.length}`);
  }
}

function nameAt(bytes: Buffer, start: number): { name: string; next: number } {
  const labels: string[] = [];
  let at = start;
  let next: number | undefined;
  let length = 0;
  for (;;) {
    const size = bytes[at];
    if (size === undefined) throw new RangeError(`a name ends after byte ${bytes.length}`);
    if (size >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) throw new RangeError(`a pointer ends after byte ${bytes.length}`);
      const target = (size & 0x3f) * 256 + low;
      next ??= at + 2;
      // Pointers lead back only, so that no loop is possible.
      if (target >= at) throw new RangeError(`the pointer at byte ${at} does not lead back`);
      at = target;
      continue;
    }
    if (size > MAX_LABEL_BYTES) throw new RangeError(`the label at byte ${at} has an unknown type`);
    if (size === 0) return { name: labels.join("."), next: next ?? at + 1 };
    length += size + 1;
    if (length > MAX_NAME_BYTES || at + 1 + size > bytes.length)
      throw new RangeError(`the name at byte ${start} is too long`);
    labels.push(bytes.toString("utf8", at + 1, at + 1 + size).toLowerCase());
    at += 1 + size;
  }
}

/** In the form of RFC 5952. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((bytes[i * 2] as number) * 256 + (bytes[i * 2 + 1] as number)).toString(16),
  );
  const text = groups.join(":");
  // The URL parser knows the rules for the longest run of zeros.
  return isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
}
