import type { AccessControl, AccessSettings } from "../../access/access-control.ts";
import { Sessions } from "../../access/sessions.ts";
import type { AccessRefusal, Caller, ListenerAccess, Shown } from "../../component/access.ts";
import { inNetworks } from "../../model/net/networks.ts";
import { HOUR_MS } from "../../model/time.ts";

/** The cookie with the id of a session. Cookies know no ports: only this listener looks at it. */
export const SESSION_COOKIE = "spanloom-session";

/** What lets somebody in at the UI port beside a credential: a session, or the user that a reverse proxy names. */
export class UiSessions {
  readonly #access: AccessControl;
  readonly #sessions: Sessions;
  readonly #config: AccessSettings;
  readonly #isProxy: (address: string | undefined) => boolean;
  readonly lastsMs: number;

  constructor(access: AccessControl, config: AccessSettings) {
    this.#access = access;
    this.#config = config;
    this.lastsMs = config.session_hours * HOUR_MS;
    this.#sessions = new Sessions(this.lastsMs, Date.now);
    this.#isProxy = inNetworks(config.proxy_user?.addresses ?? []);
  }

  get asksForUser(): boolean {
    return Object.keys(this.#config.users).length > 0;
  }

  ofListener(setting: string): ListenerAccess {
    return this.#access.ofListener(setting, (shown) => this.#session(shown) ?? this.#proxyUser(shown));
  }

  /** @returns the id of a new session with its caller, or why there is none */
  async logIn(
    user: string,
    secret: string,
    peer: string | undefined,
  ): Promise<{ readonly id: string; readonly caller: Caller } | AccessRefusal> {
    const caller = user === "" ? this.#access.ofToken(secret) : await this.#access.ofPassword(user, secret, peer);
    if (caller === undefined) return { reason: "unauthenticated", message: "This token is not known here." };
    if ("reason" in caller) return caller;
    if (caller.scopes.every((scope) => scope === "ingest")) {
      const message = `${caller.name} may send spans, and read nothing: it has no scope read.`;
      return { reason: "permission_denied", message };
    }
    return { id: this.#sessions.open(caller), caller };
  }

  isOpen(cookie: string | undefined): boolean {
    const id = sessionId(cookie);
    return id !== undefined && this.#sessions.caller(id) !== undefined;
  }

  logOut(cookie: string | undefined): void {
    const id = sessionId(cookie);
    if (id !== undefined) this.#sessions.close(id);
  }

  #session(shown: Shown): Caller | undefined {
    const id = sessionId(shown.header("cookie"));
    return id === undefined ? undefined : this.#sessions.caller(id);
  }

  #proxyUser(shown: Shown): Caller | undefined {
    const { proxy_user: proxy } = this.#config;
    if (proxy === undefined || !this.#isProxy(shown.peer)) return undefined;
    const name = shown.header(proxy.header)?.trim().slice(0, 256);
    return name === undefined || name === "" ? undefined : { name, scopes: proxy.scopes };
  }
}

function sessionId(cookie: string | undefined): string | undefined {
  return new RegExp(`(?:^|; ?)${SESSION_COOKIE}=([\\w-]{20,100})(?:;|$)`).exec(cookie ?? "")?.[1];
}
