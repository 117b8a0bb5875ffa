import type {
  Access,
  AccessDecision,
  AccessRefusal,
  Caller,
  ListenerAccess,
  Need,
  Shown,
} from "../component/access.ts";
import type { Metrics } from "../component/metrics.ts";
import { inNetworks } from "../model/net/networks.ts";
import type { AccessConfig } from "./access-config.ts";
import { certificateName } from "./certificate-name.ts";
import { Passwords } from "./passwords.ts";
import { Rates } from "./rates.ts";
import { tokenDigest } from "./secrets.ts";
import { shownCredential } from "./shown-credential.ts";

/** Plain, as it crosses threads. */
export interface AccessSettings extends AccessConfig {
  /** `sha256:` texts of `discovery.server.tokens`: they are for the registry. */
  readonly registryTokens: readonly string[];
}

/** Somebody who may do something, and how much. */
interface Known {
  readonly caller: Caller;
  /** Undefined without limits. */
  readonly rates: Rates | undefined;
  /** Where the config has the limits. */
  readonly setting: string;
}

type Identified = Known | AccessRefusal | undefined;

/** Finds callers by what a listener alone knows, such as sessions; asked where a request shows no credential. */
export type OtherCallers = (shown: Shown) => Caller | undefined;

const BEARER = 'Bearer realm="spanloom"';
const BASIC = 'Basic realm="spanloom", charset="UTF-8"';

/** The credentials of a collector, in one thread of it: who may do what, and how much of it. */
export class AccessControl implements Access {
  readonly #config: AccessSettings;
  readonly #metrics: Metrics;
  readonly #passwords: Passwords;
  /** By digest: what can be learnt from how long a look-up takes is nothing that leads to the token. */
  readonly #tokens: ReadonlyMap<string, Known>;
  /** By a name of the certificate. */
  readonly #certificates: ReadonlyMap<string, Known>;
  readonly #now: () => number;

  /** @param now a clock, ms */
  constructor(config: AccessSettings, metrics: Metrics, now: () => number = Date.now) {
    this.#config = config;
    this.#metrics = metrics;
    this.#now = now;
    this.#passwords = new Passwords(config.users, now);
    this.#certificates = new Map(
      Object.entries(config.certificates).flatMap(([name, { names, scopes, ...limits }]) => {
        const one = known({ name, scopes }, limits, `access.certificates.${name}`, now);
        return names.map((text) => [certificateName(text), one] as const);
      }),
    );
    const registry = { name: "discovery.server.tokens", scopes: ["registry"] } as const;
    this.#tokens = new Map([
      ...config.registryTokens.map((digest) => [digest, { caller: registry, rates: undefined, setting: "" }] as const),
      ...Object.entries(config.tokens).map(
        ([name, { token, scopes, ...limits }]) =>
          [token, known({ name, scopes }, limits, `access.tokens.${name}`, now)] as const,
      ),
    ]);
  }

  ofListener(setting: string, others: OtherCallers = () => undefined): ListenerAccess {
    const trusted = Object.entries(this.#config.trusted).flatMap(
      ([name, { addresses, listeners, scopes, ...limits }]) =>
        listeners.includes(setting)
          ? [{ isOne: inNetworks(addresses), ...known({ name, scopes }, limits, `access.trusted.${name}`, this.#now) }]
          : [],
    );
    const counters = new Map<string, { add(value: number): void }>();
    const refused = (refusal: AccessRefusal): AccessDecision => {
      this.#counter(counters, setting, refusal.reason).add(1);
      return { admitted: false, refusal };
    };
    const decide = (identified: Identified, need: Need, shown: Shown): AccessDecision => {
      if (identified !== undefined && "reason" in identified) {
        return need === "nothing" ? ANYBODY : refused(identified);
      }
      if (need === "nothing") return { admitted: true, caller: identified?.caller };
      if (identified === undefined) return refused(this.#missing(shown));
      if (!need.some((scope) => identified.caller.scopes.includes(scope))) {
        return refused(outOfScope(identified.caller, need));
      }
      return admitted(identified, refused);
    };
    const isOpen = this.#config.open_listeners.includes(setting);
    return {
      challenges: this.#passwords.any ? [BEARER, BASIC] : [BEARER],
      admit: (need, shown) => {
        const identified = this.#identify(shown, others) ?? trusted.find(({ isOne }) => isOne(shown.peer));
        if (identified instanceof Promise)
          return identified.then((one) => decide(one, isOpen ? "nothing" : need, shown));
        return decide(identified, isOpen ? "nothing" : need, shown);
      },
    };
  }

  /** Whose token it is, for a page that takes one. */
  ofToken(token: string): Caller | undefined {
    return this.#tokens.get(digestOf(token))?.caller;
  }

  /** As for a request with `Authorization: Basic`. */
  async ofPassword(user: string, password: string, peer: string | undefined): Promise<Caller | AccessRefusal> {
    const identified = await this.#byPassword(user, password, peer);
    return "reason" in identified ? identified : identified.caller;
  }

  #identify(shown: Shown, others: OtherCallers): Identified | Promise<Identified> {
    const credential = shownCredential(shown);
    const token = credential?.type === "token" ? this.#tokens.get(digestOf(credential.token)) : undefined;
    if (token !== undefined) return token;
    // A reverse proxy that asks for a password passes it on: that is none of ours.
    const caller = others(shown);
    if (caller !== undefined) return { caller, rates: undefined, setting: "" };
    switch (credential?.type) {
      case undefined:
        return this.#byCertificate(shown);
      case "token":
        return UNKNOWN_TOKEN;
      case "password":
        return this.#byPassword(credential.user, credential.password, shown.peer);
      case "unreadable":
        return UNREADABLE;
    }
  }

  #byCertificate(shown: Shown): Known | undefined {
    if (this.#certificates.size === 0) return undefined;
    for (const name of shown.certificateNames()) {
      const one = this.#certificates.get(name);
      if (one !== undefined) return one;
    }
    return undefined;
  }

  /** A token may be shown as the password of any name, for programs that know only Basic. */
  #byPassword(
    user: string,
    password: string,
    peer: string | undefined,
  ): Known | AccessRefusal | Promise<Known | AccessRefusal> {
    const token = this.#tokens.get(digestOf(password));
    if (token !== undefined) return token;
    if (!this.#passwords.any) return UNKNOWN_TOKEN;
    const verdict = this.#passwords.check(user, password, peer);
    return verdict instanceof Promise ? verdict.then(ofVerdict) : ofVerdict(verdict);
  }

  #missing(shown: Shown): AccessRefusal {
    const ways = this.#passwords.any
      ? "Authorization: Bearer TOKEN, or Basic with user and password"
      : "Authorization: Bearer TOKEN";
    const names = shown.certificateNames();
    const unknown = names.length === 0 ? "" : `; the certificate's ${names.join(", ")} is none of access.certificates`;
    return {
      reason: "unauthenticated",
      message: `no credential was shown; expected ${ways}, as \`access\` of the config has it${unknown}`,
    };
  }

  #counter(made: Map<string, { add(value: number): void }>, listener: string, reason: AccessRefusal["reason"]) {
    let counter = made.get(reason);
    if (counter === undefined) {
      const help = "Requests that access control refused, by listener and reason.";
      counter = this.#metrics.counter("spanloom_access_refused_total", help, { listener, reason });
      made.set(reason, counter);
    }
    return counter;
  }
}

const ANYBODY: AccessDecision = { admitted: true, caller: undefined };
const UNKNOWN_TOKEN: AccessRefusal = {
  reason: "unauthenticated",
  message: "the token that was shown is none of access.tokens",
};
const UNREADABLE: AccessRefusal = {
  reason: "unauthenticated",
  message: "the Authorization header cannot be read; expected Bearer and a token, or Basic with user and password",
};

/** The digest of what was shown: a `sha256:` text of the config is no token. */
function digestOf(shown: string): string {
  return shown.startsWith("sha256:") ? "" : tokenDigest(shown);
}

function known(
  caller: Caller,
  limits: ConstructorParameters<typeof Rates>[0],
  setting: string,
  now: () => number,
): Known {
  const any = Object.values(limits).some((limit) => limit !== undefined);
  return { caller, rates: any ? new Rates(limits, now) : undefined, setting };
}

function ofVerdict(verdict: Awaited<ReturnType<Passwords["check"]>>): Known | AccessRefusal {
  switch (verdict.type) {
    case "right":
      return { caller: verdict.caller, rates: undefined, setting: "" };
    case "wrong":
      return { reason: "unauthenticated", message: "user and password fit none of access.users" };
    case "wait":
      return {
        reason: "overloaded",
        message: "too many wrong passwords, or too many at once; try again later",
        retryAfterMs: verdict.waitMs,
      };
  }
}

function admitted(
  { caller, rates, setting }: Known,
  refused: (refusal: AccessRefusal) => AccessDecision,
): AccessDecision {
  const exceeded = rates?.admit();
  if (exceeded !== undefined) {
    const { limit, waitMs: retryAfterMs } = exceeded;
    return refused({ reason: "overloaded", message: `more than ${setting}.${limit} allows`, retryAfterMs });
  }
  const charge = rates?.charge;
  return charge === undefined ? { admitted: true, caller } : { admitted: true, caller, charge };
}

function outOfScope({ name, scopes }: Caller, need: Exclude<Need, "nothing">): AccessRefusal {
  return {
    reason: "permission_denied",
    message: `${name} may ${scopes.join(", ")}; this needs the scope ${need.join(" or ")}`,
  };
}
