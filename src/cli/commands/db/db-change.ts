import { type DeletedTraces, deleteEverything, deleteIds, deleteMatching } from "../../../app/ui-port/admin-routes.ts";
import { PermanentError } from "../../../component/errors.ts";
import type { StoreStats } from "../../../component/read.ts";
import type { SpanStore } from "../../../component/store.ts";
import type { TraceReference } from "../../../model/trace-reference.ts";
import { count } from "../../../query/text/readable.ts";
import type { UiStatusResponse } from "../../../query/ui/status-types.ts";
import { checkRecording } from "../../../replay/open-recording.ts";
import { replay } from "../../../replay/replay.ts";
import { otlpTarget } from "../../../replay/target.ts";
import { onCollectorOrFolder } from "../../client/db-access.ts";
import { requireTraceReference, wholeId } from "../../client/trace-reference.ts";
import type { DbFlags, DeleteFlags, ResendFlags } from "../../options/db-flags.ts";
import { searchQuery } from "../../options/search-conditions.ts";
import { badLineReporter } from "../../output/bad-lines.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { formatMebibytes } from "../../output/format.ts";
import { createProgress } from "../../output/progress.ts";
import { importFiles } from "./db-import.ts";

export async function compact(flags: DbFlags): Promise<void> {
  const progress = await createProgress("segments", flags.json);
  const { result, place } = await onCollectorOrFolder(flags, {
    async collector(client, { storage: before }) {
      progress.count(0, "sealed by the collector");
      const { segments } = await client.admin<{ segments: number }>("compact", {});
      const { storage: after } = await client.json<UiStatusResponse>("api/ui/status");
      return { segments, bytesBefore: before.diskBytes, bytesAfter: after.diskBytes };
    },
    async folder(store) {
      const before = await statsOf(store);
      const segments = await store.compact((done) => progress.update(done, before.segments, "sealed"));
      return { segments, bytesBefore: before.diskBytes, bytesAfter: (await statsOf(store)).diskBytes };
    },
  }).finally(() => progress.stop());
  const { segments, bytesBefore, bytesAfter } = result;
  if (flags.json) print(result);
  else {
    const sizes = `${formatMebibytes(bytesBefore)} MiB before, ${formatMebibytes(bytesAfter)} MiB now`;
    process.stdout.write(`rewrote ${count(segments, "segment")} of ${place}: ${sizes}\n`);
  }
}

export async function importFrom(files: string[], flags: DbFlags): Promise<void> {
  // Before a data folder is made for nothing.
  for (const file of files) await checkRecording(file);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = await createProgress("lines", flags.json);
  const onBadLine = badLineReporter();
  const ways = {
    collector: async (_client: unknown, { endpoints }: UiStatusResponse) => {
      if (endpoints.otlpHttp === undefined) {
        throw new PermanentError("bad_request", "the collector has no OTLP/HTTP receiver to send the spans to");
      }
      const summary = await replay({
        files,
        targets: [otlpTarget(endpoints.otlpHttp, stop.signal, flags.token)],
        speed: "max",
        at: "original",
        freshIds: false,
        signal: stop.signal,
        onProgress: ({ requests, spans }) => progress.count(requests, count(spans, "span")),
        onBadLine,
      });
      const [{ error } = {}] = summary.targets;
      if (error !== undefined) throw new PermanentError(error.code, error.message);
      return summary;
    },
    folder: (store: SpanStore) =>
      importFiles(store, files, {
        signal: stop.signal,
        onBadLine,
        onProgress: (lines, spans) => progress.count(lines, count(spans, "span")),
      }),
  };
  const { result, place } = await onCollectorOrFolder<ImportResult>(flags, ways, { mayMakeFolder: true }).finally(() =>
    progress.stop(),
  );
  const { spans, rejectedSpans, badLines, interrupted } = result;
  if (flags.json) print({ spans, rejectedSpans, badLines, interrupted });
  else {
    process.stdout.write(`${interrupted ? "stopped after" : "stored"} ${count(spans, "span")} in ${place}\n`);
    if (rejectedSpans > 0) process.stdout.write(`refused: ${count(rejectedSpans, "span")}\n`);
  }
  if (interrupted) process.exitCode = EXIT.interrupted;
  else if (badLines > 0 || rejectedSpans > 0) process.exitCode = EXIT.failed;
}

interface ImportResult {
  readonly spans: number;
  readonly rejectedSpans: number;
  readonly badLines: number;
  readonly interrupted: boolean;
}

/** `unknown` of ids alone. */
type Deleted = Pick<DeletedTraces, "traces"> & Partial<DeletedTraces>;

export async function remove(traceIds: string[], flags: DeleteFlags): Promise<void> {
  const query = Object.fromEntries(searchQuery(flags));
  const searches = Object.keys(query).length > 0;
  if ([traceIds.length > 0, searches, flags.all].filter(Boolean).length !== 1) {
    throw new PermanentError("bad_request", "say what to delete: trace ids, a search (--service, --tag, …), or --all");
  }
  if (flags.all && !flags.yes) {
    throw new PermanentError("bad_request", "this deletes everything that is stored: say --all --yes");
  }
  const references = traceIds.map(requireTraceReference);
  const ids = references.map(wholeId);
  const { signal } = new AbortController();
  const { result, place } = await onCollectorOrFolder<Deleted>(flags, {
    collector: (client) =>
      client.admin<Deleted>("delete", flags.all ? { all: true } : searches ? { query } : { traceIds: ids }),
    async folder(store) {
      if (flags.all) return deleteEverything(store, signal);
      return searches ? { traces: await deleteMatching(store, query, signal) } : deleteIds(store, ids, signal);
    },
  });
  const { traces, unknown = [] } = result;
  if (flags.json) print(flags.all ? { deleted: "all", traces, place } : { deleted: traces, unknown, place });
  else if (flags.all) process.stdout.write(`deleted everything from ${place}: ${count(traces, "trace")}\n`);
  else if (traces === 0) process.stdout.write(`nothing matches in ${place}: nothing was deleted\n`);
  else process.stdout.write(`deleted ${count(traces, "trace")} from ${place}\n`);
  for (const id of unknown) {
    const short = references.find((reference) => reference.digits.length < 32 && wholeId(reference) === id);
    process.stderr.write(
      `spanloom: ${short === undefined ? `${id}: nothing is stored of this trace` : notWhole(short)}\n`,
    );
  }
  if (unknown.length > 0) process.exitCode = EXIT.failed;
}

/** What may be the beginning of an id, and is none. */
function notWhole({ digits }: TraceReference): string {
  return `${digits}: no trace has this as its whole id, and nothing is deleted by first digits: \`spanloom trace ${digits}\` shows the whole id`;
}

export async function resend(exporter: string, { since, fromStart, ...flags }: ResendFlags): Promise<void> {
  if ((since !== undefined) === fromStart) {
    throw new PermanentError("bad_request", "say from when: --since 1h, or --from-start for all that is stored");
  }
  const { result, place } = await onCollectorOrFolder<{ readonly spans: number }>(flags, {
    collector: (client) => client.admin("resend", { exporter, ...(fromStart ? { all: true } : { sinceMs: since }) }),
    folder: async (store) => ({ spans: await store.resend(exporter, since) }),
  });
  if (flags.json) print({ exporter, ...result, place });
  else process.stdout.write(`${exporter} will send ${count(result.spans, "span")} again from ${place}\n`);
}

async function statsOf(store: SpanStore): Promise<StoreStats> {
  const { body } = await store.view("store.stats", {}, new AbortController().signal);
  return JSON.parse(Buffer.from(body).toString("utf8")) as StoreStats;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
