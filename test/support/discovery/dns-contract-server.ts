import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { DNS_TYPE, decodeMessage, encodeName } from "../../../src/discovery/dns/dns-message.ts";

export interface ZoneRecord {
  readonly name: string;
  readonly type: "srv" | "a" | "aaaa" | "cname";
  readonly ttl: number;
  /** SRV: `priority weight port target`; A and AAAA: the address; CNAME: the target. */
  readonly data: string;
}

/** An authoritative server over UDP and TCP, with the faults that a test asks for. */
export class DnsContractServer {
  records: ZoneRecord[] = [];
  stalled = false;
  /** RCODE of every answer. */
  rcode = 0;
  /** Answers over UDP are cut short, so that the client has to come by TCP. */
  truncate = false;
  /** Sent before each true answer over UDP. */
  forgeries: ((query: Buffer, answer: Buffer) => Buffer)[] = [];
  readonly queries: string[] = [];
  #udp: Socket | undefined;
  #tcp: Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    // A port that is free over TCP may be in use over UDP; only the first start may take another.
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listen(this.#port);
      } catch (error) {
        if (this.#port !== 0 || attempt === 10) throw error;
      }
    }
  }

  async #listen(port: number): Promise<void> {
    const tcp = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (this.stalled) return;
        const answer = this.#answer(bytes.subarray(2), false);
        socket.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 0xff]), answer]));
      });
    });
    await new Promise<void>((resolve, reject) => tcp.once("error", reject).listen(port, "127.0.0.1", resolve));
    const bound = (tcp.address() as { port: number }).port;
    const udp = createSocket("udp4");
    udp.on("message", (query, from) => {
      if (this.stalled) return;
      const answer = this.#answer(query, this.truncate);
      for (const forge of this.forgeries) udp.send(forge(query, answer), from.port, from.address);
      udp.send(answer, from.port, from.address);
    });
    try {
      await new Promise<void>((resolve, reject) => udp.once("error", reject).bind(bound, "127.0.0.1", resolve));
    } catch (error) {
      tcp.close();
      throw error;
    }
    this.#tcp = tcp;
    this.#udp = udp;
    this.#port = bound;
  }

  async stop(): Promise<void> {
    const [udp, tcp] = [this.#udp, this.#tcp];
    this.#udp = undefined;
    this.#tcp = undefined;
    if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()));
    if (tcp !== undefined) await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }

  #answer(query: Buffer, truncate: boolean): Buffer {
    const { question } = decodeMessage(query);
    const name = question?.name ?? "";
    this.queries.push(`${name} ${question?.type}`);
    const typeName = Object.entries(DNS_TYPE).find(([, type]) => type === question?.type)?.[0];
    const found: ZoneRecord[] = [];
    let at = name;
    for (;;) {
      const alias = this.records.find((record) => record.name === at && record.type === "cname");
      if (alias === undefined) break;
      found.push(alias);
      at = alias.data;
    }
    found.push(...this.records.filter((record) => record.name === at && record.type === typeName));
    const exists = this.records.some((record) => record.name === at);
    const rcode = this.rcode !== 0 ? this.rcode : exists ? 0 : 3;
    const answers = truncate || rcode !== 0 ? [] : found.map(encodeRecord);
    const end = 12 + encodeName(name).length + 4;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8400 | (truncate ? 0x0200 : 0) | rcode, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    return Buffer.concat([header, query.subarray(12, end), ...answers]);
  }
}

function encodeRecord({ name, type, ttl, data }: ZoneRecord): Buffer {
  const bytes = rdata(type, data);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(DNS_TYPE[type], 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(bytes.length, 8);
  return Buffer.concat([encodeName(name), head, bytes]);
}

function rdata(type: ZoneRecord["type"], data: string): Buffer {
  if (type === "a") return Buffer.from(data.split(".").map(Number));
  if (type === "aaaa")
    return Buffer.from(
      data.split(":").flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
    );
  if (type === "cname") return encodeName(data);
  const [priority, weight, port, target] = data.split(" ") as [string, string, string, string];
  const head = Buffer.alloc(6);
  head.writeUInt16BE(Number(priority), 0);
  head.writeUInt16BE(Number(weight), 2);
  head.writeUInt16BE(Number(port), 4);
  return Buffer.concat([head, target === "." ? Buffer.from([0]) : encodeName(target)]);
}
