import express from "express";
import { forwardedBase, pageBase } from "./base-path.ts";
import { type ForeignUi, foreignPolicy, pageAt } from "./foreign-ui.ts";

const HASHED_AGE_SECONDS = 365 * 86_400;

/**
 * A foreign UI's files, and its page for every other path, as its routes are in the browser; to be mounted at `base`.
 * What lies in its folder `static` has names that change with the content.
 * @param base path that it is served under, with a slash at its end
 * @param reads how the UI reads its base: as the browser resolves it, or as it is written, which has to be a path then
 */
export function foreignPages({ root, index }: ForeignUi, base: string, reads: "resolved" | "written"): express.Router {
  const router = express.Router();
  const options = { index: false, redirect: false, dotfiles: "ignore" } as const;
  const sendPage = (request: express.Request, response: express.Response): void => {
    const own = reads === "resolved" ? pageBase(request.originalUrl, request.path, base) : base;
    const page = pageAt(index, forwardedBase(request.get("x-forwarded-prefix"), own));
    response.setHeader("content-security-policy", foreignPolicy(page));
    response.setHeader("cache-control", "no-cache");
    response.setHeader("vary", "x-forwarded-prefix");
    response.type("html").send(page);
  };
  const hashed = express.static(`${root}/static`, { ...options, immutable: true, maxAge: HASHED_AGE_SECONDS * 1000 });
  router.use("/static", hashed, (request: express.Request, response: express.Response) => {
    response.status(404).type("text").send(`nothing at ${request.originalUrl}\n`);
  });
  // The file itself lacks what is written into it.
  router.get("/index.html", sendPage);
  router.use(express.static(root, { ...options, maxAge: 0 }));
  router.get(/.*/, sendPage);
  return router;
}

/** Zipkin's UI under `/zipkin/`, and the ways there. */
export function zipkinPages(ui: ForeignUi): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("strict routing", true);
  for (const path of ["/", "/zipkin"]) app.get(path, (_request, response) => response.redirect(302, "/zipkin/"));
  app.get("/favicon.ico", (_request, response) => response.redirect(302, "/zipkin/favicon.ico"));
  app.use("/zipkin", foreignPages(ui, "/zipkin/", "written"));
  return app;
}
