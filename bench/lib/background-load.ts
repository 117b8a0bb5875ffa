import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { httpSender } from "./http-load.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { requestsOf } from "./measure.ts";

interface BackgroundLoadSettings {
  readonly url: string;
  readonly connections: number;
  readonly spansPerRequest: number;
  readonly spansPerSecond: number;
  /** Ends by itself after this, seconds. */
  readonly seconds: number;
  readonly firstPass: number;
}

export interface BackgroundLoad {
  /** Ends the load; what it did. */
  stop(): Promise<LoadResult>;
  /** Ends its process in the middle of what it does. */
  kill(): void;
  readonly pid: number;
}

/** Sends from a process of its own: a sender in the asking process would be measured as part of the answers. */
export async function startBackgroundLoad(settings: BackgroundLoadSettings): Promise<BackgroundLoad> {
  const child = fork(fileURLToPath(import.meta.url), ["--background-load"], { serialization: "advanced" });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  child.send(settings);
  await once(child, "message");
  return {
    kill,
    pid: child.pid as number,
    async stop() {
      const result = once(child, "message");
      child.send("stop");
      const [done] = (await result) as [LoadResult];
      await once(child, "exit");
      return done;
    },
  };
}

if (process.argv[2] === "--background-load" && process.send !== undefined) {
  const [settings] = (await once(process, "message")) as [BackgroundLoadSettings];
  const { url, connections, spansPerRequest, ...rest } = settings;
  const pool = requestsOf(spansPerRequest);
  const sender = httpSender(url, connections);
  process.send("ready");
  const cancel = new AbortController();
  const stopped = once(process, "message").then(() => cancel.abort());
  const result = await runLoad({ pool, connections, ...rest, signal: cancel.signal }, sender.send);
  sender.close();
  await stopped;
  process.send(result);
  process.disconnect();
}
