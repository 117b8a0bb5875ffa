import { beforeAll, expect, it } from "vitest";
import type { AccessDecision, Need, Shown } from "../component/access.ts";
import { Metrics } from "../component/metrics.ts";
import { accessConfig } from "./access-config.ts";
import { AccessControl } from "./access-control.ts";
import { hashPassword, makeToken } from "./secrets.ts";

const TOKEN = makeToken();
const LIMITED = makeToken();
let hashed: string;
let nowMs = 0;
let metrics: Metrics;

beforeAll(async () => {
  hashed = await hashPassword("correct horse");
});

function control(more: object = {}): AccessControl {
  metrics = new Metrics();
  nowMs = 1_000_000;
  const config = accessConfig.parse({
    tokens: {
      team: { token: TOKEN, scopes: ["read"] },
      shop: { token: LIMITED, scopes: ["ingest"], requests_per_second: 2, mebibytes_per_minute: 1 },
    },
    users: { ada: { password: hashed, scopes: ["read", "admin"] } },
    ...more,
  });
  return new AccessControl({ ...config, registryTokens: [] }, metrics, () => nowMs);
}

function shown(
  headers: Readonly<Record<string, string>>,
  peer = "192.0.2.7",
  certificateNames: readonly string[] = [],
): Shown {
  return { header: (name) => headers[name], peer, certificateNames: () => certificateNames };
}

const basic = (user: string, password: string) =>
  shown({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` });
const bearer = (token: string) => shown({ authorization: `Bearer ${token}` });
const READ: Need = ["read"];

function reasonOf(admission: AccessDecision): string {
  return admission.admitted ? "admitted" : admission.refusal.reason;
}

it("keeps no token, only its digest", () => {
  const config = accessConfig.parse({ tokens: { team: { token: TOKEN, scopes: ["read"] } } });
  expect(JSON.stringify(config)).not.toContain(TOKEN);
});

it("does not take the digest of the config for a token", async () => {
  const config = accessConfig.parse({ tokens: { team: { token: TOKEN, scopes: ["read"] } } });
  const digest = config.tokens.team?.token as string;
  const listener = control().ofListener("ui.endpoint");
  expect(reasonOf(await listener.admit(READ, bearer(digest)))).toBe("unauthenticated");
});

it("checks a password once, and then knows it at once", async () => {
  const listener = control().ofListener("ui.endpoint");
  const first = listener.admit(READ, basic("ada", "correct horse"));
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toMatchObject({ admitted: true, caller: { name: "ada" } });
  expect(listener.admit(READ, basic("ada", "correct horse"))).toMatchObject({ admitted: true });
  nowMs += 3_600_001;
  expect(listener.admit(READ, basic("ada", "correct horse"))).toBeInstanceOf(Promise);
});

it("answers wrong passwords more and more slowly, of users who are not there too", async () => {
  for (const user of ["ada", "nobody"]) {
    const listener = control().ofListener("ui.endpoint");
    for (let i = 0; i < 5; i++) {
      expect(reasonOf(await listener.admit(READ, basic(user, `guess ${i}`)))).toBe("unauthenticated");
    }
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      const admission = await listener.admit(READ, basic(user, "another guess"));
      if (admission.admitted || admission.refusal.retryAfterMs === undefined) throw new Error(reasonOf(admission));
      waits.push(admission.refusal.retryAfterMs);
      nowMs += admission.refusal.retryAfterMs;
      await listener.admit(READ, basic(user, "another guess"));
    }
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  }
});

it("bounds requests, and says when the next may come", async () => {
  const listener = control().ofListener("receivers.otlp.protocols.http.endpoint");
  const ask = async () => listener.admit(["ingest"], bearer(LIMITED));
  expect([reasonOf(await ask()), reasonOf(await ask())]).toEqual(["admitted", "admitted"]);
  const third = await ask();
  expect(third).toMatchObject({ refusal: { reason: "overloaded", retryAfterMs: 500 } });
  expect(third).toMatchObject({ refusal: { message: "more than access.tokens.shop.requests_per_second allows" } });
  nowMs += 500;
  expect(reasonOf(await ask())).toBe("admitted");
  expect(metrics.snapshot()).toContainEqual(
    expect.objectContaining({
      name: "spanloom_access_refused_total",
      labels: { listener: "receivers.otlp.protocols.http.endpoint", reason: "overloaded" },
      value: 1,
    }),
  );
});

it("lets a request overdraw its quota once, and makes the next wait for it", async () => {
  const listener = control().ofListener("ui.endpoint");
  const first = await listener.admit(["ingest"], bearer(LIMITED));
  if (!first.admitted) throw new Error(first.refusal.message);
  first.charge?.(2 * 1024 * 1024);
  nowMs += 30_000;
  expect(await listener.admit(["ingest"], bearer(LIMITED))).toMatchObject({ refusal: { reason: "overloaded" } });
  nowMs += 31_000;
  expect(reasonOf(await listener.admit(["ingest"], bearer(LIMITED)))).toBe("admitted");
});

it("knows peers by their address at the listeners that say so, and others ask nobody", async () => {
  const trusted = {
    agents: { addresses: ["10.0.0.0/8"], listeners: ["receivers.zipkin.endpoint"], scopes: ["ingest"] },
  };
  const access = control({ trusted, open_listeners: ["receivers.jaeger.endpoint"] });
  const at = async (listener: string, peer: string, need: Need = ["ingest"]) =>
    reasonOf(await access.ofListener(listener).admit(need, shown({}, peer)));
  expect(await at("receivers.zipkin.endpoint", "::ffff:10.1.2.3")).toBe("admitted");
  expect(await at("receivers.zipkin.endpoint", "10.1.2.3", ["read"])).toBe("permission_denied");
  expect(await at("receivers.zipkin.endpoint", "192.0.2.1")).toBe("unauthenticated");
  expect(await at("ui.endpoint", "10.1.2.3")).toBe("unauthenticated");
  expect(await at("receivers.jaeger.endpoint", "192.0.2.1")).toBe("admitted");
});

it("knows programs by a name of their certificate, where they show no token", async () => {
  const uri = "spiffe://shop.example/Checkout";
  const certificates = { checkout: { names: [uri, "Checkout.Shop.Example"], scopes: ["ingest" as const] } };
  const listener = control({ certificates }).ofListener("receivers.otlp.protocols.http.endpoint");
  const by = async (
    names: readonly string[],
    headers: Readonly<Record<string, string>> = {},
    need: Need = ["ingest"],
  ) => reasonOf(await listener.admit(need, shown(headers, "192.0.2.7", names)));
  expect(await by(["checkout.shop.example"])).toBe("admitted");
  expect(await by(["other", uri])).toBe("admitted");
  expect(await by(["spiffe://shop.example/checkout"])).toBe("unauthenticated");
  expect(await by([])).toBe("unauthenticated");
  expect(await by([uri], {}, READ)).toBe("permission_denied");
  expect(await by([uri], { authorization: `Bearer ${makeToken()}` })).toBe("unauthenticated");
  expect(await by([uri], { authorization: `Bearer ${TOKEN}` }, READ)).toBe("admitted");
});

it("takes a name of certificates for one program alone", () => {
  const one = (name: string) => ({ names: [name], scopes: ["ingest"] });
  const parsed = accessConfig.safeParse({ certificates: { a: one("x.example"), b: one("X.example") } });
  expect(parsed.error?.issues[0]).toMatchObject({
    path: ["certificates", "b", "names"],
    message: expect.stringContaining("is named by a too"),
  });
});
