import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Router } from "express";

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** The routes behind real express on a loopback port of the system's choice. */
export async function serve(...routers: Router[]): Promise<Served> {
  const app = express();
  for (const router of routers) app.use(router);
  const server = createServer(app);
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
