import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import createRouter, { type Router } from "router";
import { PACKAGE_ROOT } from "../../codec/package-root.ts";
import { REFUSAL_STATUS } from "../../component/access.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { InFlightBudget } from "../../server/limits/in-flight.ts";
import { readBody } from "../../server/read-body.ts";
import { crossOriginReason } from "../../server/same-origin.ts";
import { sendEnvelope } from "./http-errors.ts";
import { askAgainPage, LOGIN_STYLE, loginPage } from "./login-page.ts";
import { SESSION_COOKIE, type UiSessions } from "./ui-sessions.ts";

/** Tells the pages who has logged in, so that they can offer to log out. Nobody believes it but them. */
const USER_COOKIE = "spanloom-user";
const MAX_FORM_BYTES = 8 * 1024;
const HTML = "text/html; charset=utf-8";

/**
 * The login of the UI port. `GET /login?next=` shows the page, `POST /login` opens a session, `POST /logout` ends it.
 * To be mounted at the base path.
 */
export function createLogin(sessions: UiSessions, logger: Logger): Router {
  const router = createRouter();
  const { asksForUser } = sessions;
  let theme: Buffer | undefined;
  router.get("/login", (request, response) => {
    const query = new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
    const next = query.get("next") ?? "";
    if (sessions.isOpen(request.headers.cookie)) return leadTo(response, next);
    const site = request.headers["sec-fetch-site"];
    const fromElsewhere = (site === "cross-site" || site === "same-site") && !query.has("again");
    send(
      response,
      200,
      HTML,
      fromElsewhere ? askAgainPage(next) : loginPage({ next, asksForUser, problem: undefined }),
    );
  });
  router.get("/login/style.css", (_request, response) => send(response, 200, "text/css; charset=utf-8", LOGIN_STYLE));
  router.get("/login/theme.js", (_request, response) => {
    theme ??= readFileSync(fileURLToPath(new URL("dist/web/theme.js", PACKAGE_ROOT)));
    send(response, 200, "text/javascript; charset=utf-8", theme);
  });
  router.post(["/login", "/logout"], (request, response, next) => {
    const reason = crossOriginReason("POST", request.headers);
    if (reason === undefined) next();
    else sendEnvelope(response, 403, reason);
  });
  router.post("/login", async (request, response) => {
    const form = await readForm(request);
    if (form === undefined) return sendEnvelope(response, 413, "the form of a login is short");
    const [user, secret, next] = ["user", "secret", "next"].map((name) => (form.get(name) ?? "").trim());
    const opened = await sessions.logIn(user ?? "", secret ?? "", request.socket.remoteAddress);
    if ("reason" in opened) {
      const { reason, message } = opened;
      send(response, REFUSAL_STATUS[reason].http, HTML, loginPage({ next: next ?? "", asksForUser, problem: message }));
      return;
    }
    logger.info("somebody logged in", { caller: opened.caller.name, peer: request.socket.remoteAddress });
    const age = Math.floor(sessions.lastsMs / 1_000);
    setCookies(request, response, [opened.id, opened.caller.name], age);
    leadTo(response, next ?? "");
  });
  router.post("/logout", (request, response) => {
    sessions.logOut(request.headers.cookie);
    setCookies(request, response, ["", ""], 0);
    response.writeHead(303, { location: "./login" }).end();
  });
  return router;
}

/** Relative, and so never to another site. @param next below the base path */
function leadTo(response: ServerResponse, next: string): void {
  const path = next.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()));
  response.writeHead(303, { location: `./${path}` }).end();
}

function setCookies(request: IncomingMessage, response: ServerResponse, values: [string, string], age: number): void {
  const { encrypted } = request.socket as Partial<TLSSocket>;
  const secure = encrypted === true || request.headers["x-forwarded-proto"] === "https" ? "; Secure" : "";
  const common = `; Path=/; SameSite=Strict; Max-Age=${age}${secure}`;
  response.setHeader("set-cookie", [
    `${SESSION_COOKIE}=${values[0]}; HttpOnly${common}`,
    `${USER_COOKIE}=${encodeURIComponent(values[1])}${common}`,
  ]);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.setHeader("cache-control", "no-store");
  response.writeHead(status, { "content-type": type }).end(body);
}

/** Undefined for one that is longer than forms here are; the rest of it is left unread. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  try {
    const bytes = await readBody(request, MAX_FORM_BYTES, new InFlightBudget(MAX_FORM_BYTES).take(0, ""));
    return new URLSearchParams(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    if (error instanceof PermanentError && error.code === "too_large") return undefined;
    throw error;
  }
}
