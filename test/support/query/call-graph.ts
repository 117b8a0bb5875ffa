import type { DependencyLink } from "../../../src/model/trace-query.ts";

const TIERS = [
  ["web-storefront", "mobile-gateway", "partner-api", "back-office"],
  [
    "checkout",
    "catalog",
    "search",
    "account",
    "cart",
    "orders",
    "recommendations",
    "support-desk",
    "pricing",
    "returns",
  ],
  [
    "payment",
    "inventory",
    "shipping",
    "tax-calculation",
    "fraud-detection",
    "notification",
    "media",
    "ledger",
    "loyalty",
  ],
  [
    "card-acquirer",
    "warehouse-eu-west",
    "warehouse-us-east",
    "carrier-rates",
    "mail-relay",
    "sms-relay",
    "image-resizer",
  ],
  ["postgres-orders", "postgres-accounts", "redis", "kafka", "elasticsearch", "object-store", "clickhouse", "vault"],
] as const;

/**
 * Calls between about `services` services in five tiers, most to the next tier, some past one and one back: the same
 * each time. One in seven of the links fails, one of them in 1 of 1,958 calls.
 */
export function manyServices(services: number): readonly DependencyLink[] {
  const next = numbers(7);
  const per = services / TIERS.flat().length;
  const tiers = TIERS.map((names) =>
    Array.from({ length: Math.max(1, Math.round(names.length * per)) }, (_, i) =>
      i < names.length ? names[i]! : `${names[i % names.length]!}-${Math.floor(i / names.length) + 1}`,
    ),
  );
  const links = new Map<string, DependencyLink>();
  const add = (parent: string, child: string) => {
    const callCount = 5 + Math.floor(next() ** 3 * 90_000);
    const errorCount = next() < 1 / 7 ? Math.ceil(callCount * next() ** 3 * 0.3) : 0;
    const p50Nano = Math.round(1e6 + next() ** 2 * 2e8);
    links.set(`${parent} ${child}`, { parent, child, callCount, errorCount, p50Nano, p99Nano: p50Nano * 9 });
  };
  for (const [tier, names] of tiers.entries()) {
    const below = tiers[tier + 1];
    if (below === undefined) break;
    for (const [index, child] of below.entries()) add(names[index % names.length]!, child);
    for (const parent of names) {
      add(parent, below[Math.floor(next() * below.length)]!);
      const further = tiers[tier + 2];
      if (further !== undefined && next() < 0.35) add(parent, further[Math.floor(next() * further.length)]!);
    }
  }
  add("notification", "orders");
  const first = [...links.values()][0]!;
  links.set(`${first.parent} ${first.child}`, { ...first, callCount: 1958, errorCount: 1 });
  return [...links.values()];
}

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator, Numerical Recipes' figures). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
