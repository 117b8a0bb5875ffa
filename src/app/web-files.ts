import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";

/** Where a build puts the web UI, whether this file runs from src/ or from dist/. */
export const WEB_ROOT = fileURLToPath(new URL("../../dist/web/", import.meta.url));

/** No inline script or style, nothing from elsewhere: span names and attributes are text from strangers. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The built web UI in `root`: hashed assets for ever, every other path is a page of the application.
 * @param base path that the application is served under, with a slash at its end
 */
export function webFiles(base: string, root: string): express.Router {
  const router = express.Router();
  const index = join(root, "index.html");
  if (!existsSync(index)) {
    router.get("/", (_request, response) => {
      response.status(503).type("text").send("the web UI is not built: run `npm run build`\n");
    });
    return router;
  }
  const page = readFileSync(index, "utf8").replace(/<base href="[^"]*"\s*\/?>/, `<base href="${base}">`);
  const sendPage = (_request: express.Request, response: express.Response): void => {
    response.setHeader("cache-control", "no-cache");
    response.type("html").send(page);
  };
  const assets = express.static(join(root, "assets"), {
    immutable: true,
    maxAge: "365d",
    index: false,
    redirect: false,
    fallthrough: false,
  });
  router.use("/assets", assets);
  // The file itself would name the wrong base.
  router.get("/index.html", sendPage);
  router.use(express.static(root, { index: false, redirect: false, maxAge: 0 }));
  router.get(/.*/, sendPage);
  return router;
}
