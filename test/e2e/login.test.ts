import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hashPassword, makeToken } from "../../src/access/secrets.ts";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { recordingHost } from "../support/host.ts";

const TOKENS = { team: makeToken(), shop: makeToken(), operator: makeToken() };
const PASSWORD = "correct horse battery";
const { logger, lines } = recordingHost();
let collector: Collector;
let ui: string;

beforeAll(async () => {
  collector = await createCollector(
    {
      access: {
        tokens: {
          team: { token: TOKENS.team, scopes: ["read", "admin"] },
          shop: { token: TOKENS.shop, scopes: ["ingest"] },
          operator: { token: TOKENS.operator, scopes: ["admin"] },
        },
        users: { ada: { password: await hashPassword(PASSWORD), scopes: ["read"] } },
        proxy_user: { header: "X-Forwarded-User", addresses: ["127.0.0.1"], scopes: ["read"] },
      },
    },
    { logger },
  );
  ui = collector.endpoints.ui;
});
afterAll(() => collector.shutdown());

const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(new URL(path, ui), { redirect: "manual", ...init, headers });

/** As programs and older browsers ask: `fetch` says of itself that it is a script. */
function opened(path: string, accept = "text/html"): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(new URL(path, ui), { headers: { accept } }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on("error", reject);
  });
}

function logIn(form: Record<string, string>, headers: Record<string, string> = {}) {
  return ask("login", headers, { method: "POST", body: new URLSearchParams(form) });
}

function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ");
}

it("leads people to the login and from there to the page that they wanted", async () => {
  const page = await opened("trace/0af7?view=flame");
  expect([page.statusCode, page.headers.location]).toEqual([303, "../login?next=trace%2F0af7%3Fview%3Dflame"]);
  const shown = await ask("login?next=trace%2F0af7%3Fview%3Dflame");
  expect(shown.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(await shown.text()).toContain('name="next" value="trace/0af7?view=flame"');
  const answer = await logIn({ secret: TOKENS.team, next: "trace/0af7?view=flame" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "./trace/0af7?view=flame"]);
  const [session = ""] = answer.headers.getSetCookie();
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) expect(session).toContain(part);
  expect(session).not.toContain(TOKENS.team);
  const cookie = cookieOf(answer);
  expect((await ask("api/services", { cookie })).status).toBe(200);
  expect((await ask("trace/0af7", { cookie, accept: "text/html" })).status).toBe(200);
  expect((await ask("login?next=monitor", { cookie })).headers.get("location")).toBe("./monitor");
});

it("takes users with their passwords, and refuses what is wrong with a page that says so", async () => {
  const cookie = cookieOf(await logIn({ user: "ada", secret: PASSWORD }));
  expect(cookie).toContain("spanloom-user=ada");
  expect((await ask("api/services", { cookie })).status).toBe(200);
  const wrong = await logIn({ user: "ada", secret: "guess" });
  expect([wrong.status, wrong.headers.getSetCookie()]).toEqual([401, []]);
  expect(await wrong.text()).toContain("fit none of access.users");
  const sender = await logIn({ secret: TOKENS.shop });
  expect([sender.status, await sender.text()]).toEqual([403, expect.stringContaining("no scope read")]);
  const script = await logIn({ secret: "x", next: '"><script>alert(1)</script>' });
  expect(await script.text()).not.toContain("<script>alert");
});

it("refuses a form that is too long, whole or not, and serves on", async () => {
  for (const length of [9_000, 70_000, 3_000_000]) {
    const answer = await ask("login", {}, { method: "POST", body: "a".repeat(length) });
    expect([answer.status, await answer.text()]).toEqual([
      413,
      expect.stringContaining("the form of a login is short"),
    ]);
  }
  const cookie = cookieOf(await logIn({ secret: TOKENS.team }));
  const { hostname, port } = new URL(ui);
  const socket = connect(Number(port), hostname);
  socket.write("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n".concat("a".repeat(9_000)));
  const [bytes] = (await once(socket, "data")) as [Buffer];
  expect(bytes.toString()).toContain("413 Payload Too Large");
  socket.destroy();
  expect((await ask("api/services", { cookie })).status).toBe(200);
});

it("lets who may only change things ask how the collector is, as commands do first", async () => {
  const headers = { authorization: `Bearer ${TOKENS.operator}` };
  expect((await ask("api/ui/status", headers)).status).toBe(200);
  expect((await ask("api/services", headers)).status).toBe(403);
});

it("never leads to another site", async () => {
  for (const next of ["//evil.example/", "https://evil.example/", "\\\\evil.example", "\r\nset-cookie: a=b"]) {
    const location = (await logIn({ secret: TOKENS.team, next })).headers.get("location") as string;
    expect(new URL(location, new URL("login", ui)).origin).toBe(new URL(ui).origin);
  }
});

it("ends a session at the log-out", async () => {
  const cookie = cookieOf(await logIn({ secret: TOKENS.team }));
  const out = await ask("logout", { cookie }, { method: "POST" });
  expect([out.status, out.headers.get("location")]).toEqual([303, "./login"]);
  expect((await ask("api/services", { cookie })).status).toBe(401);
});

it("takes logins and changes from its own pages alone", async () => {
  const cookie = cookieOf(await logIn({ secret: TOKENS.team }));
  const foreign = [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }];
  for (const headers of foreign) {
    expect((await logIn({ secret: TOKENS.team }, headers)).status).toBe(403);
    expect((await ask("logout", { ...headers, cookie }, { method: "POST" })).status).toBe(403);
    const path = "api/ui/admin/delete";
    const body = JSON.stringify({ all: true });
    expect((await ask(path, { ...headers, cookie, "x-spanloom": "1" }, { method: "POST", body })).status).toBe(403);
  }
});

it("asks once more by itself where a link of another site led to the login", async () => {
  const text = await (await ask("login?next=monitor", { "sec-fetch-site": "cross-site" })).text();
  expect(text).toContain('http-equiv="refresh" content="0;url=./login?again=1&amp;next=monitor"');
  const again = await (await ask("login?again=1&next=monitor", { "sec-fetch-site": "cross-site" })).text();
  expect(again).toContain("<form");
});

it("knows a session at the UI port alone", async () => {
  const cookie = cookieOf(await logIn({ secret: TOKENS.team }));
  const { tempo } = collector.endpoints;
  expect((await fetch(`${tempo}/api/search/tags`, { headers: { cookie } })).status).toBe(401);
});

it("asks a page without the browser's own question for a password", async () => {
  const page = await ask("api/services", { "sec-fetch-mode": "cors", accept: "application/json" });
  expect(page.headers.get("www-authenticate")).toBe('Bearer realm="spanloom"');
  const program = await opened("api/services", "*/*");
  expect(program.headers["www-authenticate"]).toContain("Basic");
});

it("believes the user that a listed proxy names", async () => {
  expect((await ask("api/services", { "x-forwarded-user": "grace" })).status).toBe(200);
  const passed = { "x-forwarded-user": "grace", authorization: "Basic Z3JhY2U6cHJveHk=" };
  expect((await ask("api/services", passed)).status).toBe(200);
  const change = await ask("api/ui/admin/compact", { "x-forwarded-user": "grace" }, { method: "POST" });
  expect(change.status).toBe(403);
});

it("logs who had what changed, and how much", async () => {
  const headers = { authorization: `Bearer ${TOKENS.team}`, "x-spanloom": "1", "x-forwarded-for": "192.0.2.1" };
  const done = await ask("api/ui/admin/delete", headers, { method: "POST", body: JSON.stringify({ all: true }) });
  expect([done.status, await done.json()]).toEqual([200, { all: true, traces: 0 }]);
  const line = lines.find(({ message }) => message === "maintenance was done");
  expect(line?.fields).toMatchObject({ what: "delete", caller: "team", all: true, traces: 0 });
});
