import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import createRouter, { type Router } from "router";

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** The routes as the UI port has them, on a loopback port of the system's choice. */
export async function serve(...routers: Router[]): Promise<Served> {
  const all = createRouter();
  for (const router of routers) all.use(router);
  const server = createServer((request, response) =>
    all(request, response, (error?: unknown) => {
      response.statusCode = error === undefined ? 404 : 500;
      response.end(error === undefined ? `nobody answers ${request.url}` : String(error));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
