import { createHmac, randomBytes } from "node:crypto";
import type { Caller } from "../component/access.ts";
import { BoundedMap } from "../model/collections/bounded-map.ts";
import type { AccessConfig } from "./access-config.ts";
import { isPassword, parsePasswordHash } from "./secrets.ts";

/** Failed attempts of one user, or from one address, before the next has to wait. */
const FREE_FAILURES = 5;
/** How long the next attempt waits after those, ms. It doubles with each failure, up to the longest. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
/** Checks at once: each takes memory, and a thread of Node's pool. */
const MAX_CHECKS = 2;
const MAX_VERIFIED = 1_000;
const MAX_FAILING = 10_000;
/** A password that was right is asked for again after so long, ms. */
const VERIFIED_MS = 3_600_000;

export type PasswordVerdict =
  | { readonly type: "right"; readonly caller: Caller }
  | { readonly type: "wrong" }
  | { readonly type: "wait"; readonly waitMs: number };

interface Failing {
  count: number;
  untilMs: number;
}

/**
 * The passwords of users. Each is checked by scrypt once and then known by a keyed digest; wrong ones are answered more
 * and more slowly, by user and by address, so that neither can be guessed at speed.
 */
export class Passwords {
  readonly #users: ReadonlyMap<string, { readonly hash: string; readonly caller: Caller }>;
  readonly #now: () => number;
  readonly #key = randomBytes(32);
  readonly #verified = new BoundedMap<string, { readonly caller: Caller; readonly untilMs: number }>(MAX_VERIFIED);
  readonly #failing = new BoundedMap<string, Failing>(MAX_FAILING);
  #checks = 0;

  /** @param now a clock, ms */
  constructor(users: AccessConfig["users"], now: () => number) {
    this.#users = new Map(
      Object.entries(users).map(([name, { password, scopes }]) => [name, { hash: password, caller: { name, scopes } }]),
    );
    this.#now = now;
  }

  get any(): boolean {
    return this.#users.size > 0;
  }

  /** At once where the pair was right before. */
  check(user: string, password: string, peer: string | undefined): PasswordVerdict | Promise<PasswordVerdict> {
    const digest = createHmac("sha256", this.#key).update(`${user}\0${password}`).digest("base64");
    const known = this.#verified.get(digest);
    if (known !== undefined && known.untilMs > this.#now()) return { type: "right", caller: known.caller };
    return this.#verify(user, password, digest, [`user ${user.slice(0, 64)}`, `address ${peer}`]);
  }

  async #verify(user: string, password: string, digest: string, keys: readonly string[]): Promise<PasswordVerdict> {
    const waitMs = Math.max(...keys.map((key) => (this.#failing.get(key)?.untilMs ?? 0) - this.#now()));
    if (waitMs > 0) return { type: "wait", waitMs };
    if (this.#checks >= MAX_CHECKS) return { type: "wait", waitMs: FIRST_WAIT_MS };
    const known = this.#users.get(user);
    // Somebody who is not there takes as long as somebody who is.
    const hash = parsePasswordHash(known?.hash ?? [...this.#users.values()][0]?.hash ?? "");
    if (hash === undefined) return { type: "wrong" };
    this.#checks++;
    try {
      const right = (await isPassword(password, hash)) && known !== undefined;
      if (!right) {
        for (const key of keys) this.#failed(key);
        return { type: "wrong" };
      }
      for (const key of keys) this.#failing.delete(key);
      this.#verified.set(digest, { caller: known.caller, untilMs: this.#now() + VERIFIED_MS });
      return { type: "right", caller: known.caller };
    } finally {
      this.#checks--;
    }
  }

  #failed(key: string): void {
    const count = (this.#failing.get(key)?.count ?? 0) + 1;
    const over = count - FREE_FAILURES;
    const waitMs = over < 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(over, 20));
    this.#failing.set(key, { count, untilMs: this.#now() + waitMs });
  }
}
