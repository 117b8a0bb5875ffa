import type { DnsClient } from "./dns-client.ts";
import { DNS_TYPE, type DnsRecord } from "./dns-message.ts";

export interface TargetAddresses {
  /** Without duplicates; empty where the servers know none. */
  readonly addresses: readonly string[];
  /** How long they may be kept; infinite where there are none. */
  readonly ttlSeconds: number;
}

/**
 * The addresses of an SRV record's target, by the same servers: those that came along with the record, or A and AAAA.
 * @throws what DnsClient.query throws
 */
export async function targetAddresses(
  client: DnsClient,
  target: string,
  additional: readonly DnsRecord[],
  signal: AbortSignal,
): Promise<TargetAddresses> {
  const own = additional.filter(({ name, type }) => type === "address" && name === target.toLowerCase());
  if (own.length > 0) return addressesOf(own);
  const answers = await Promise.all([DNS_TYPE.a, DNS_TYPE.aaaa].map((type) => client.query(target, type, signal)));
  const { addresses, ttlSeconds } = addressesOf(answers.flatMap(({ records }) => records));
  // An alias on the way may be shorter-lived than what it leads to.
  const filled = answers.filter(({ records }) => records.length > 0).map((answer) => answer.ttlSeconds);
  return { addresses, ttlSeconds: Math.min(ttlSeconds, ...filled) };
}

function addressesOf(records: readonly DnsRecord[]): TargetAddresses {
  const found = records.filter((record) => record.type === "address");
  return {
    addresses: [...new Set(found.map(({ address }) => address))],
    ttlSeconds: Math.min(Number.POSITIVE_INFINITY, ...found.map(({ ttlSeconds }) => ttlSeconds)),
  };
}
