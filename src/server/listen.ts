import type { Server } from "node:net";
import type { Endpoint } from "../component/endpoint.ts";
import { type ListenerName, listenError } from "./listen-error.ts";

/**
 * Has a server listen. Gives the bound address.
 * @throws PermanentError `listen_failed`
 */
export async function listen(server: Server, wanted: Endpoint, name: ListenerName): Promise<Endpoint> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, wanted, name));
    server.once("error", onError);
    server.listen({ host: wanted.host, port: wanted.port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw listenError("no address was bound", wanted, name);
  return { host: bound.address, port: bound.port };
}
