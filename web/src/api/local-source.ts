import { useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

/** Traces that the page has itself, of a file: what would be asked of the collector about them is answered here. */
export interface LocalSource {
  /** The page is a file itself: there is no collector to ask. */
  readonly saved: boolean;
  /** Whether it has the trace; 32 lower-case hex digits. */
  has(traceId: string): boolean;
  /**
   * What the collector would answer to `GET path?query`; undefined stands for "no such thing".
   * @param path below the server's base path, such as that of a trace's columns
   */
  answer(path: string, query: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Calls back when `has` may say something else. Returns what ends that. */
  subscribe(listener: () => void): () => void;
}

declare module "@tanstack/react-query" {
  interface Register {
    /** Of all queries of an application, by its default options. */
    queryMeta: { readonly local?: LocalSource };
  }
}

/** Where a trace comes from. */
export type TraceOrigin = "store" | "file" | "saved";

export function useTraceOrigin(traceId: string): TraceOrigin {
  const local = useQueryClient().getDefaultOptions().queries?.meta?.local;
  const has = useSyncExternalStore(
    (listener) => local?.subscribe(listener) ?? (() => undefined),
    () => local?.has(traceId) ?? false,
  );
  if (!has || local === undefined) return "store";
  return local.saved ? "saved" : "file";
}
