import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import express, { type Express } from "express";
import { PACKAGE_ROOT } from "../../codec/package-root.ts";
import { acceptsGzip } from "../../query/http.ts";
import { forwardedBase, OWN_PATH, pageBase, withSlash } from "./base-path.ts";
import { foreignPages } from "./foreign-pages.ts";
import type { ForeignUi } from "./foreign-ui.ts";

/** Where a build puts the web UI. */
const WEB_ROOT = fileURLToPath(new URL("dist/web/", PACKAGE_ROOT));

const gzipAsync = promisify(gzip);
const ASSET_AGE_SECONDS = 365 * 86_400;
const TRACE_PAGE = /^\/trace\/([0-9a-f]{1,32})\/?$/i;

/**
 * What the UI port answers beside its APIs: the web UI, and a word on paths outside it.
 * @param basePath path that the application is served under
 * @param webRoot folder of the built web UI
 * @param foreign a UI that is served in its place; the own one is below OWN_PATH then
 */
export function createPages(basePath: string, webRoot = WEB_ROOT, foreign?: ForeignUi): Express {
  const base = withSlash(basePath);
  const app = express();
  app.disable("x-powered-by");
  let files = webFiles(base, webRoot);
  if (foreign !== undefined) {
    const own = webFiles(base + OWN_PATH, webRoot, OWN_PATH);
    files = express
      .Router()
      .use(`/${OWN_PATH}`, own)
      .use(foreignPages(foreign, base, "resolved"));
  }
  app.use(base, files);
  // A reverse proxy may take the base path off. A redirect to it would come back here, again without.
  if (base !== "/") app.use(files);
  app.use((request, response) => {
    response.status(404).type("text").send(`nothing at ${request.path}; the UI is at ${base}\n`);
  });
  return app;
}

/**
 * The built web UI in `root`: hashed assets for ever, every other path is a page of the application. The page of a
 * trace comes with a `Link` header that has the browser ask for the trace before the scripts have even arrived.
 * @param base path that the application is served under, with a slash at its end
 * @param below what of it is not put in front by a reverse proxy
 */
function webFiles(base: string, root: string, below = ""): express.Router {
  const router = express.Router();
  const index = join(root, "index.html");
  if (!existsSync(index)) {
    router.get("/", (_request, response) => {
      response.status(503).type("text").send("the web UI is not built: run `npm run build`\n");
    });
    return router;
  }
  const page = readFileSync(index, "utf8");
  const sendPage = (request: express.Request, response: express.Response): void => {
    const own = pageBase(request.originalUrl, request.path, base);
    const shown = forwardedBase(request.get("x-forwarded-prefix"), own, below);
    response.setHeader("cache-control", "no-cache");
    response.setHeader("vary", "x-forwarded-prefix");
    const traceId = TRACE_PAGE.exec(request.path)?.[1]?.toLowerCase().padStart(32, "0");
    if (traceId !== undefined) {
      const columns = `${shown}api/ui/traces/${traceId}/columns`;
      response.setHeader("link", `<${columns}>; rel=preload; as=fetch; crossorigin=anonymous`);
    }
    response.type("html").send(page.replace(/<base href="[^"]*"\s*\/?>/, `<base href="${shown}">`));
  };
  router.use("/assets", compressedAssets(join(root, "assets")));
  const assets = express.static(join(root, "assets"), {
    immutable: true,
    maxAge: ASSET_AGE_SECONDS * 1000,
    index: false,
    redirect: false,
  });
  // Its own answer for a file that is not there would name the folder on the disk.
  router.use("/assets", assets, (request: express.Request, response: express.Response) => {
    response.status(404).type("text").send(`nothing at ${request.originalUrl}\n`);
  });
  // The file itself would name the wrong base.
  router.get("/index.html", sendPage);
  router.use(express.static(root, { index: false, redirect: false, maxAge: 0 }));
  router.get(/.*/, sendPage);
  return router;
}

/** Scripts and styles for clients that take gzip, compressed once when first asked for; all else falls through. */
function compressedAssets(folder: string): express.RequestHandler {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.(?:js|css)$/.test(name)) : [];
  const bodies = new Map<string, Promise<Buffer> | undefined>(names.map((name) => [`/${name}`, undefined]));
  return async (request, response, next) => {
    const { method, path } = request;
    if ((method !== "GET" && method !== "HEAD") || !bodies.has(path)) return next();
    response.setHeader("vary", "accept-encoding");
    if (!acceptsGzip(request.headers["accept-encoding"])) return next();
    try {
      const known = bodies.get(path) ?? readFile(join(folder, path)).then((file) => gzipAsync(file, { level: 9 }));
      bodies.set(path, known);
      const body = await known;
      response.setHeader("cache-control", `public, max-age=${ASSET_AGE_SECONDS}, immutable`);
      response.setHeader("content-encoding", "gzip");
      response.type(extname(path)).send(body);
    } catch {
      // Read again the next time, and now by whoever serves the file as it is.
      bodies.set(path, undefined);
      next();
    }
  };
}
