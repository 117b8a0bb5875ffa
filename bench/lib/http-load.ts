import { Agent, request } from "node:http";
import type { Sender } from "./load.ts";

/** Posts bodies to a URL over keep-alive connections. */
export function httpSender(url: string, connections: number, contentType = "application/x-protobuf"): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = new URL(url);
  return {
    send: (body) =>
      new Promise<boolean>((resolve, reject) => {
        const headers = { "content-type": contentType, "content-length": body.length };
        const outgoing = request(target, { agent, method: "POST", headers }, (response) => {
          const status = response.statusCode ?? 0;
          response.resume();
          response.on("end", () => resolve(status >= 200 && status < 300));
        });
        outgoing.on("error", reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
