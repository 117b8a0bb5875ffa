import type { AnswerRefused, HttpRefusal } from "../../server/admission/http-gate.ts";
import { setPagePolicy } from "../../server/page-policy.ts";
import { pageBase, withSlash } from "./base-path.ts";
import { answerNotAdmitted } from "./http-errors.ts";

/** What the UI port shows to somebody who is not known yet, below the base path: the login and what its page needs. */
export const LOGIN_PATHS: readonly string[] = ["/login", "/login/style.css", "/login/theme.js", "/logout"];

/** People who open a page are led to the login and from there back; programs get the answer that APIs have. */
export function leadToLogin(basePath: string): AnswerRefused {
  const base = withSlash(basePath);
  return (request, response, refusal) => {
    setPagePolicy(response);
    const { method, url = "/", headers } = request;
    const opensPage = method === "GET" && headers["sec-fetch-mode"] !== "cors" && isForPeople(headers.accept);
    if (refusal.reason !== "unauthenticated" || !opensPage || headers.authorization !== undefined) {
      // A browser would ask for user and password by itself, over the page that shows what is wrong.
      const ofPage = headers["sec-fetch-mode"] !== undefined && headers["sec-fetch-mode"] !== "navigate";
      const told = ofPage ? { ...refusal, headers: bearerAlone(refusal.headers) } : refusal;
      answerNotAdmitted(request, response, told);
      return;
    }
    const below = url.startsWith(base) ? url.slice(base.length) : url.replace(/^\/+/, "");
    const login = pageBase(url, `/${below.split("?", 1)[0]}`, base);
    response.setHeader("cache-control", "no-store");
    response.writeHead(303, { location: `${login}login?next=${encodeURIComponent(below)}` }).end();
  };
}

function isForPeople(accept: string | undefined): boolean {
  return accept?.includes("text/html") === true;
}

function bearerAlone(headers: HttpRefusal["headers"]): HttpRefusal["headers"] {
  const challenges = [headers["www-authenticate"] ?? []].flat().filter((one) => one.startsWith("Bearer"));
  return challenges.length === 0 ? headers : { ...headers, "www-authenticate": challenges };
}
