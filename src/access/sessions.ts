import { hash, randomBytes } from "node:crypto";
import type { Caller } from "../component/access.ts";
import { BoundedMap } from "../model/collections/bounded-map.ts";

const ID_BYTES = 32;
/** At once; who was quiet for longest goes first. */
const MAX_SESSIONS = 10_000;

interface Session {
  readonly caller: Caller;
  untilMs: number;
}

/** Who has logged in at the web UI. Ids are kept as their digests, and end with this thread. */
export class Sessions {
  readonly #lastsMs: number;
  readonly #now: () => number;
  readonly #sessions = new BoundedMap<string, Session>(MAX_SESSIONS);

  /** @param now a clock, ms */
  constructor(lastsMs: number, now: () => number) {
    this.#lastsMs = lastsMs;
    this.#now = now;
  }

  /** @returns the id, which is for the browser alone */
  open(caller: Caller): string {
    const id = randomBytes(ID_BYTES).toString("base64url");
    this.#sessions.set(hash("sha256", id), { caller, untilMs: this.#now() + this.#lastsMs });
    return id;
  }

  /** Whose session it is, which lasts longer for it; undefined for one that is over. */
  caller(id: string): Caller | undefined {
    const key = hash("sha256", id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (session.untilMs <= this.#now()) {
      this.#sessions.delete(key);
      return undefined;
    }
    session.untilMs = this.#now() + this.#lastsMs;
    return session.caller;
  }

  close(id: string): void {
    this.#sessions.delete(hash("sha256", id));
  }
}
