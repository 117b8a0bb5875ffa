/** Most spans and raw bytes of one block; a single larger span makes a block of its own. */
export const MAX_BLOCK_SPANS = 512;
export const MAX_BLOCK_BYTES = 1024 * 1024;

/** `codec` of a block's body. `columnar` is columnar/columnar-body.ts, and its index columnar/columnar-index.ts. */
export const BODY_CODEC = { plain: 0, brotli: 1, columnar: 2 } as const;
export type BodyCodec = (typeof BODY_CODEC)[keyof typeof BODY_CODEC];

/** Greatest INTEGER of SQLite: span times beyond it are stored as this. */
export const MAX_STORED_TIME = 0x7fff_ffff_ffff_ffffn;
