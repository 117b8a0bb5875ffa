import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";
import { expect, it } from "vitest";
import { itWhere } from "../../test/support/requires.ts";
import { endsInsideZstdFrame } from "./zstd-frames.ts";

const pack = (zlib as { readonly zstdCompressSync?: (bytes: Uint8Array, options?: object) => Buffer }).zstdCompressSync;
/** ZSTD_c_contentSizeFlag and ZSTD_c_checksumFlag. */
const CONTENT_SIZE = 200;
const CHECKSUM = 201;

itWhere(
  pack !== undefined,
  "this Node has no zstd",
  "finds every cut in frames of all forms, and none in a whole one",
  () => {
    const compress = pack as NonNullable<typeof pack>;
    const bodies = [
      Buffer.alloc(0),
      Buffer.from("spans"),
      Buffer.alloc(400_000, "a"),
      Buffer.concat([randomBytes(140_000), Buffer.alloc(70_000)]),
    ];
    for (const body of bodies) {
      for (const params of [{}, { [CHECKSUM]: 1 }, { [CONTENT_SIZE]: 0 }, { [CONTENT_SIZE]: 0, [CHECKSUM]: 1 }]) {
        const frame = compress(body, { params });
        expect(endsInsideZstdFrame(frame)).toBe(false);
        expect(endsInsideZstdFrame(Buffer.concat([frame, frame]))).toBe(false);
        const step = Math.ceil(frame.length / 500);
        for (let length = 1; length < frame.length; length += step) {
          expect(endsInsideZstdFrame(frame.subarray(0, length)), `${length} of ${frame.length}`).toBe(true);
        }
      }
    }
  },
);

it("steps over a skippable frame, and finds one that is cut off", () => {
  const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  expect(endsInsideZstdFrame(skippable)).toBe(false);
  expect(endsInsideZstdFrame(skippable.subarray(0, -1))).toBe(true);
  expect(endsInsideZstdFrame(Buffer.concat([skippable, skippable.subarray(0, 6)]))).toBe(true);
});

it("leaves bytes that begin no frame to the decompressor", () => {
  expect(endsInsideZstdFrame(Buffer.from("plain text"))).toBe(false);
});
