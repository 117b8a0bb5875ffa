import type { Host } from "../../component/component.ts";
import type { IncomingBatch, IngestPipeline, PreparedBatch } from "../../component/ingest.ts";
import { HeadSampler } from "../../processors/head-sampling/head-sampler.ts";
import type { SamplingConfig } from "../../processors/head-sampling/sampling-config.ts";
import type { ProcessorsConfig } from "../../processors/processors-config.ts";
import { createNormalizer } from "../../processors/rewriting-normalizer.ts";
import { inflateBody } from "../../server/inflate.ts";

/** The part of the config that the ingest thread needs. */
export interface IngestConfig {
  readonly processors: ProcessorsConfig;
  readonly sampling: SamplingConfig;
}

/** Inflate → normalise and rewrite → head sample (component/store.ts, IngestModule). */
export function createPipeline(config: unknown, host: Host): IngestPipeline {
  const { processors, sampling } = config as IngestConfig;
  const normalizer = createNormalizer(processors, host.metrics);
  const sampler = new HeadSampler(sampling, { metrics: host.metrics, now: () => performance.now() });
  return {
    prepare(batch: IncomingBatch): PreparedBatch {
      const bytes = inflateBody(batch.bytes, batch.encoding, batch.maxBytes);
      const { body, scan, rejected, message } = normalizer.normalize(batch.format, bytes);
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
    },
  };
}
