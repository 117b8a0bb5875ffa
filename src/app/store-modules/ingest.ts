import type { Host } from "../../component/component.ts";
import { PermanentError } from "../../component/errors.ts";
import type { AppendResult, IncomingBatch, IngestPipeline, PreparedBatch } from "../../component/ingest.ts";
import { HeadSampler } from "../../processors/head-sampling/head-sampler.ts";
import type { SamplingConfig } from "../../processors/head-sampling/sampling-config.ts";
import type { NormalizedPiece } from "../../processors/normalize/normalize.ts";
import type { ProcessorsConfig } from "../../processors/processors-config.ts";
import { createNormalizer } from "../../processors/rewriting-normalizer.ts";
import { declaredSize, inflateBody, inflateLargeBody } from "../../server/inflate.ts";

/** The part of the config that the ingest thread needs. */
export interface IngestConfig {
  readonly processors: ProcessorsConfig;
  readonly sampling: SamplingConfig;
}

/** A batch that is longer than this once inflated is prepared in pieces: others wait at most for one of them. */
const AT_ONCE_BYTES = 4 * 1024 * 1024;

/** Inflate → normalise and rewrite → head sample (component/store.ts, IngestModule). */
export function createPipeline(config: unknown, host: Host): IngestPipeline {
  const { processors, sampling } = config as IngestConfig;
  const normalizer = createNormalizer(processors, host.metrics);
  const sampler = new HeadSampler(sampling, { metrics: host.metrics, now: () => performance.now() });
  const prepared = ({ body, scan }: NormalizedPiece, rejected: number, message: string): PreparedBatch => {
    const { keep, columns } = sampler.sample(scan, body);
    return {
      body,
      columns,
      keep,
      hashes: scan.hashes,
      hashStart: scan.hashStart,
      groupHashes: scan.groupHashes,
      groupHashStart: scan.groupHashStart,
      result: { accepted: columns.count, rejected, message },
    };
  };
  return {
    prepare(batch) {
      const bytes = inflatedAtOnce(batch);
      if (bytes === undefined) return undefined;
      const normalized = normalizer.normalize(batch.format, bytes);
      return prepared(normalized, normalized.rejected, normalized.message);
    },
    async *pieces(batch): AsyncGenerator<PreparedBatch | undefined, AppendResult> {
      const bytes = await inflateLargeBody(batch.bytes, batch.encoding, batch.maxBytes);
      const pieces = normalizer.pieces(batch.format, bytes);
      let accepted = 0;
      for (;;) {
        const { done, value } = pieces.next();
        if (done === true) return { accepted, ...value };
        accepted += value?.scan.columns.count ?? 0;
        yield value && prepared(value, 0, "");
      }
    },
  };
}

/** Undefined for what is too long; how long a compressed body says that it is proves nothing. */
function inflatedAtOnce({ bytes, encoding, maxBytes }: IncomingBatch): Uint8Array | undefined {
  if (maxBytes <= AT_ONCE_BYTES) return inflateBody(bytes, encoding, maxBytes);
  if (bytes.length > AT_ONCE_BYTES || (encoding === "gzip" && declaredSize(bytes) > AT_ONCE_BYTES)) return undefined;
  try {
    return inflateBody(bytes, encoding, AT_ONCE_BYTES);
  } catch (error) {
    if (error instanceof PermanentError && error.code === "too_large") return undefined;
    throw error;
  }
}
