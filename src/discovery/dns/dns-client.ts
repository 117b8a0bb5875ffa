import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import { connect, isIP } from "node:net";
import { PermanentError, RetryableError, stopped } from "../../component/errors.ts";
import { reasonOf } from "../../component/reasons.ts";
import { joinSignals, onAbort } from "../../component/signals.ts";
import { parseEndpoint } from "../../server/endpoint.ts";
import {
  DNS_RCODE,
  DNS_TYPE,
  type DnsMessage,
  type DnsQuestionType,
  type DnsRecord,
  decodeMessage,
  encodeQuery,
} from "./dns-message.ts";

export interface DnsClientSettings {
  /** `address` or `address:port`; empty: the system's. */
  readonly servers: readonly string[];
  /** For one try of one server, ms. */
  readonly timeoutMs: number;
}

export interface DnsAnswer {
  /** Of the asked type, aliases followed; empty when the name or the type does not exist. */
  readonly records: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  /** How long the answer may be kept: the least TTL on the way to it, s. */
  readonly ttlSeconds: number;
}

const DNS_PORT = 53;
/** For an empty answer without SOA, s. */
const NEGATIVE_TTL = 5;
const MAX_ALIASES = 8;
const MAX_TCP_BYTES = 65_535;

/**
 * A stub resolver that tells TTLs, which Node's own does not do for SRV: UDP, again over TCP where the answer is cut
 * short, one server after the other. Nothing is cached.
 */
export class DnsClient {
  readonly #servers: readonly { readonly host: string; readonly port: number }[];
  readonly #timeoutMs: number;

  constructor(settings: DnsClientSettings) {
    const servers = settings.servers.length > 0 ? settings.servers : getServers();
    this.#servers = servers.map(parseDnsServer).filter((server) => server !== undefined);
    this.#timeoutMs = settings.timeoutMs;
  }

  /**
   * A name that does not exist is an empty answer.
   * @throws RetryableError `unreachable` when no server gives an answer; PermanentError `bad_request` for an impossible
   *   name; RetryableError `cancelled` on abort
   */
  async query(name: string, type: DnsQuestionType, signal: AbortSignal): Promise<DnsAnswer> {
    const reasons: string[] = [];
    for (const server of this.#servers) {
      if (signal.aborted) throw stopped(`DNS query for ${name}`);
      try {
        const message = await this.#ask(server, name, type, signal);
        if (message.rcode === DNS_RCODE.ok || message.rcode === DNS_RCODE.no_such_name)
          return answerOf(message, name, type);
        reasons.push(`${server.host}:${server.port} answered ${rcodeName(message.rcode)}`);
      } catch (error) {
        if (error instanceof PermanentError) throw error;
        reasons.push(`${server.host}:${server.port}: ${reasonOf(error)}`);
      }
    }
    const why = reasons.length > 0 ? reasons.join("; ") : "no DNS server is configured";
    throw new RetryableError("unreachable", `DNS query for ${name}: ${why}`);
  }

  async #ask(server: Server, name: string, type: DnsQuestionType, signal: AbortSignal): Promise<DnsMessage> {
    const id = randomInt(0x10000);
    let query: Buffer;
    try {
      query = encodeQuery(id, name, type);
    } catch (error) {
      throw new PermanentError("bad_request", reasonOf(error), { cause: error });
    }
    const limit = joinSignals(signal, AbortSignal.timeout(this.#timeoutMs));
    const fits = (message: DnsMessage): boolean =>
      message.isResponse &&
      message.id === id &&
      message.question?.type === type &&
      message.question.name === name.replace(/\.$/, "").toLowerCase();
    try {
      const overUdp = await askUdp(server, query, fits, limit.signal);
      return overUdp.truncated ? await askTcp(server, query, fits, limit.signal) : overUdp;
    } finally {
      limit.release();
    }
  }
}

type Server = { readonly host: string; readonly port: number };
type Fits = (message: DnsMessage) => boolean;

/** `1.2.3.4`, `1.2.3.4:53`, `::1`, `[::1]:53`; undefined for anything else: a server has an address. */
export function parseDnsServer(text: string): Server | undefined {
  if (isIP(text) !== 0) return { host: text, port: DNS_PORT };
  const endpoint = parseEndpoint(text);
  return endpoint !== undefined && isIP(endpoint.host) !== 0 && endpoint.port > 0 ? endpoint : undefined;
}

/** Datagrams that are no answer to this very question are passed over: anybody could have sent them. */
function askUdp({ host, port }: Server, query: Buffer, fits: Fits, limit: AbortSignal): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    const done = (settle: () => void): void => {
      release();
      socket.close();
      settle();
    };
    const late = (): void => done(() => reject(new Error("no answer in time")));
    socket.once("error", (error) => done(() => reject(error)));
    socket.on("message", (bytes) => {
      const message = tryDecode(bytes);
      if (message !== undefined && fits(message)) done(() => resolve(message));
    });
    const release = onAbort(limit, late);
    // Connected: only this server's datagrams arrive, and a closed port is told at once.
    socket.connect(port, host, () => socket.send(query));
  });
}

function askTcp({ host, port }: Server, query: Buffer, fits: Fits, limit: AbortSignal): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: limit });
    let received = Buffer.alloc(0);
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(reason));
    };
    socket.on("connect", () =>
      socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query])),
    );
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > MAX_TCP_BYTES + 2) fail("the answer is too long");
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = tryDecode(received.subarray(2, 2 + received.readUInt16BE(0)));
      if (message === undefined || !fits(message)) fail("the answer over TCP cannot be read");
      else {
        socket.destroy();
        resolve(message);
      }
    });
    socket.on("error", (error) => fail(limit.aborted ? "no answer in time" : error.message));
    socket.on("end", () => fail("the connection ended before the answer"));
  });
}

function tryDecode(bytes: Buffer): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch {
    return undefined;
  }
}

function answerOf(message: DnsMessage, asked: string, type: DnsQuestionType): DnsAnswer {
  let name = asked.replace(/\.$/, "").toLowerCase();
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MAX_ALIASES; i++) {
    const alias = message.answers.find((record) => record.type === "cname" && record.name === name);
    if (alias?.type !== "cname") break;
    name = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
  const records = message.answers.filter((record) => {
    if (record.name !== name) return false;
    return type === DNS_TYPE.srv ? record.type === "srv" : record.type === "address";
  });
  for (const record of records) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
  if (records.length === 0) {
    const soa = message.authority.find((record) => record.type === "soa");
    const negative = soa?.type === "soa" ? Math.min(soa.ttlSeconds, soa.minimum) : NEGATIVE_TTL;
    ttlSeconds = Math.min(ttlSeconds, negative);
  }
  return { records, additional: message.additional, ttlSeconds };
}

function rcodeName(rcode: number): string {
  if (rcode === DNS_RCODE.server_failure) return "SERVFAIL";
  return rcode === DNS_RCODE.refused ? "REFUSED" : `RCODE ${rcode}`;
}
