import type { CreateReadServer, ViewTable } from "../../component/read.ts";
import type { ReadServerConfig } from "../ui-port/read-server.ts";

/** As QueryModule of component/store.ts. */
export async function loadViews(): Promise<ViewTable> {
  const { views } = await import("./views.ts");
  return views;
}

/** The UI port, as QueryModule of component/store.ts. */
export async function loadServer(whole: boolean): Promise<CreateReadServer> {
  const [{ createReadServer }] = await Promise.all([
    import("../ui-port/read-server.ts"),
    whole ? import("../ui-port/read-apps.ts") : undefined,
  ]);
  return (config, parts) => createReadServer(config as ReadServerConfig, parts);
}
