import { SPAN_KIND_NAMES, type SpanKind } from "../../../src/model/span.ts";
import { operationKey } from "../../../src/query/analysis/usual.ts";
import { localAnswer } from "../../../src/query/local/local-answers.ts";
import { tracesOfBody } from "../../../src/query/local/local-traces.ts";
import { ABOUT_ID, type SavedAbout, SPANS_ID } from "../../../src/query/local/saved-format.ts";
import type { UsualTable } from "../../../src/query/ui/usual-times.ts";
import type { LocalSource } from "../api/local-source.ts";

/** The trace of this very file. */
export interface SavedTrace {
  readonly about: SavedAbout;
  readonly source: LocalSource;
}

/** Reads what the collector put into the page. Throws where it is not whole. */
export async function readSaved(page: Document): Promise<SavedTrace> {
  const about = JSON.parse(textOf(page, ABOUT_ID)) as SavedAbout;
  if (about.version !== 1) throw new Error(`version ${about.version} of a saved trace, expected 1`);
  const body = await inflated(bytesOf(textOf(page, SPANS_ID)));
  const traces = tracesOfBody(body);
  const usual: UsualTable = new Map(
    about.usual.map(({ service, name, kind, ...times }) => {
      const operation = { service, name, kind: SPAN_KIND_NAMES.indexOf(kind) as SpanKind };
      return [operationKey(operation), { operation, usual: times }];
    }),
  );
  const places = new Map(Object.entries(about.places));
  const source: LocalSource = {
    saved: true,
    has: (traceId) => traceId === about.traceId,
    answer: async (path, query) => localAnswer(traces, path, query, { usual, places }),
    subscribe: () => () => undefined,
  };
  return { about, source };
}

function textOf(page: Document, id: string): string {
  const text = page.getElementById(id)?.textContent;
  if (text == null) throw new Error(`the file has no element "${id}": it is not whole`);
  return text;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflated(zipped: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
