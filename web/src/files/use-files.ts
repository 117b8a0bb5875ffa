import { useQueryClient } from "@tanstack/react-query";
import { useMatchRoute, useNavigate, useParams } from "@tanstack/react-router";
import { createContext, useContext, useSyncExternalStore } from "react";
import type { FilesState, OpenFiles } from "./open-files.ts";

/** The files of this tab. */
export const FilesContext = createContext<OpenFiles | undefined>(undefined);

export interface Files {
  readonly state: FilesState;
  /** Reads files and goes to what they hold: the trace, or the list where there are several. */
  open(files: readonly File[]): Promise<void>;
  /** Forgets them; leaves the page where it shows them. */
  close(): Promise<void>;
}

export function useFiles(): Files {
  const files = useContext(FilesContext);
  if (files === undefined) throw new Error("no files above this component; expected FilesContext");
  const state = useSyncExternalStore(files.subscribe, () => files.state);
  const client = useQueryClient();
  const matchRoute = useMatchRoute();
  const { traceId } = useParams({ strict: false });
  const navigate = useNavigate();
  return {
    state,
    async open(chosen) {
      const opened = await files.open(chosen);
      if (opened === undefined) return;
      // What was known of a trace came from elsewhere.
      void client.resetQueries({ queryKey: ["trace"] });
      const [only, ...more] = opened.traces;
      if (only === undefined || more.length > 0) void navigate({ to: "/file" });
      else void navigate({ to: "/trace/$traceId", params: { traceId: only.traceId }, search: {} });
    },
    async close() {
      const isShown = matchRoute({ to: "/file" }) !== false || (traceId !== undefined && files.has(traceId));
      // What the page shows would be asked of the collector, which does not have it.
      if (isShown) await navigate({ to: "/search", search: {} });
      files.close();
      client.removeQueries({ queryKey: ["trace"] });
    },
  };
}
