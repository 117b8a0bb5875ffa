const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
export const BUCKETS = 0x4000;

/**
 * The Collector's `hash_seed` mode: FNV-1a (32 bits) over the seed, little endian, and the 16 bytes of the trace id;
 * the lowest 14 bits are the bucket.
 */
export function traceIdBucket(traceIds: Uint8Array, start: number, seed: number): number {
  let hash = FNV_OFFSET;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), FNV_PRIME);
  for (let i = start; i < start + 16; i++) hash = Math.imul(hash ^ (traceIds[i] as number), FNV_PRIME);
  return hash & (BUCKETS - 1);
}

/**
 * Traces in buckets below this are kept. Rounded down, and in 32-bit floats from the percentage, as the Collector
 * computes it, so that both take the same traces.
 */
export function keptBuckets(ratio: number): number {
  const percent = Math.fround(Math.min(1, ratio) * 100);
  return Math.trunc(Math.fround(percent * Math.fround(BUCKETS / 100)));
}
