import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeToken } from "../../src/access/secrets.ts";
import { type Collector, createCollector } from "../../src/app/collector.ts";

/** What every answer of the UI port holds to, whatever it is an answer to. */
const TOKEN = makeToken();
const SENDER = makeToken();
let collector: Collector;

beforeAll(async () => {
  collector = await createCollector({
    access: {
      tokens: { team: { token: TOKEN, scopes: ["read"] }, shop: { token: SENDER, scopes: ["ingest"] } },
    },
  });
});
afterAll(() => collector.shutdown());

interface Asked {
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** `fetch` would choose the Host itself. */
function ask({ path, headers = {}, form }: Asked): Promise<Answer> {
  const method = form === undefined ? "GET" : "POST";
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const options = { method, headers: { accept: "text/html", ...type, ...headers }, agent: false };
    const asked = request(new URL(path, collector.endpoints.ui), options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function session(): Promise<string> {
  const { headers } = await ask({ path: "login", form: { secret: TOKEN } });
  return (headers["set-cookie"] as string[]).map((cookie) => cookie.split(";", 1)[0]).join("; ");
}

const HOSTILE = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%20onerror=alert(1)%3E";

it.each<[what: string, status: number, asked: Asked, withSession?: true]>([
  ["the page", 200, { path: "" }, true],
  ["the page of a trace with a hostile name", 200, { path: `trace/${HOSTILE}` }, true],
  ["a page without a session", 303, { path: `search?q=${HOSTILE}` }],
  ["the login", 200, { path: `login?next=${HOSTILE}` }],
  ["a login that fails", 401, { path: "login", form: { secret: "guess", next: decodeURIComponent(HOSTILE) } }],
  ["a login without the scope", 403, { path: "login", form: { secret: SENDER, user: "" } }],
  ["a login that succeeds", 303, { path: "login", form: { secret: TOKEN, next: "trace/1" } }],
  [
    "a login from another site",
    403,
    { path: "login", headers: { origin: "https://evil.example" }, form: { secret: TOKEN } },
  ],
  ["a form that is too long", 413, { path: "login", form: { secret: "a".repeat(9_000) } }],
  ["another host", 421, { path: "", headers: { host: "evil.example" } }, true],
  ["an answer of an API without a credential", 401, { path: "api/services", headers: { accept: "application/json" } }],
  ["a file that is not there", 404, { path: `assets/${HOSTILE}` }, true],
  ["an endpoint that is not there", 404, { path: `api/${HOSTILE}` }, true],
])(
  "%s (%i) runs nothing of what strangers wrote, and has no secret in an address",
  async (_, status, asked, withSession) => {
    const cookie = withSession === true ? { cookie: await session() } : {};
    const answer = await ask({ ...asked, headers: { ...cookie, ...asked.headers } });
    expect(answer.status).toBe(status);
    const { headers, body } = answer;
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|https?:|\*/);
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(`${headers.location ?? ""}${body}`).not.toContain(TOKEN);
    expect(`${headers.location ?? ""}${body}`).not.toContain(SENDER);
    if (!String(headers["content-type"]).startsWith("text/html")) return;
    // The policy would stop these; a page that needs none has none.
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>/i);
    expect(body).not.toMatch(/<style|\sstyle=|javascript:/i);
    expect(body.replace(/value="[^"]*"/g, "")).not.toMatch(/<[^>]*\son\w+=/i);
    expect(body).not.toContain("<script>alert");
    expect(body).not.toMatch(/<form[^>]*method="get"/i);
  },
);
