import type { LocalTraceSummary } from "../../../src/query/local/local-traces.ts";

/** What is read of files together. */
export interface OpenedFiles {
  /** Names of the files, as the reader knows them. */
  readonly names: readonly string[];
  readonly bytes: number;
  /** `OTLP JSON`. */
  readonly format: string;
  readonly spans: number;
  /** What could not be read, with places; "" where all could. */
  readonly notes: string;
  /** The newest first. */
  readonly traces: readonly LocalTraceSummary[];
}

/** To the worker; answered by a `FileAnswer` of the same number. */
export type FileRequest = { readonly number: number } & (
  | { readonly kind: "read"; readonly files: readonly File[] }
  | { readonly kind: "ask"; readonly path: string; readonly query: Readonly<Record<string, string>> }
);

export type FileAnswer = { readonly number: number } & (
  | { readonly kind: "read"; readonly opened: OpenedFiles }
  | { readonly kind: "told"; readonly bytes: Uint8Array<ArrayBuffer> | undefined }
  | { readonly kind: "failed"; readonly message: string }
);
