import { readdirSync, readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { itWhere } from "../../test/support/requires.ts";
import { PermanentError } from "../component/errors.ts";
import { declaredSize, inflateBody } from "./inflate.ts";

const MIB = 1024 * 1024;

function failure(run: () => unknown): PermanentError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    return error as PermanentError;
  }
  throw new Error("nothing was thrown");
}

describe("inflateBody", () => {
  it("gives back what was compressed, for every encoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70_000 }), (bytes) => {
        expect(Buffer.compare(inflateBody(gzipSync(bytes), "gzip", MIB), bytes)).toBe(0);
        expect(Buffer.compare(inflateBody(deflateSync(bytes), "deflate", MIB), bytes)).toBe(0);
        expect(inflateBody(bytes, "identity", MIB)).toBe(bytes);
      }),
      { numRuns: 50 },
    );
  });

  const zstd = (zlib as { readonly zstdCompressSync?: typeof deflateSync }).zstdCompressSync;
  itWhere(zstd !== undefined, "this Node has no zstd", "takes zstd, bounded as the others", () => {
    const pack = zstd as typeof deflateSync;
    const bytes = Buffer.from("spans".repeat(1_000));
    expect(Buffer.compare(inflateBody(pack(bytes), "zstd", MIB), bytes)).toBe(0);
    expect(failure(() => inflateBody(pack(bytes), "zstd", 4_999)).code).toBe("too_large");
    for (let length = 1; length < pack(bytes).length; length++) {
      expect(failure(() => inflateBody(pack(bytes).subarray(0, length), "zstd", MIB)).code).toBe("malformed");
    }
    expect(failure(() => inflateBody(Buffer.concat([pack(bytes), Buffer.of(1)]), "zstd", MIB)).code).toBe("malformed");
  });

  it("inflates recorded requests to the recorded bodies", () => {
    const raw = new URL("../../test/fixtures/raw/", import.meta.url);
    const files = readdirSync(raw, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".http-pb.gz"),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const packed = readFileSync(new URL(file, raw));
      const plain = readFileSync(new URL(file.replace(/\.gz$/, ".bin"), raw));
      expect(Buffer.compare(inflateBody(packed, "gzip", 64 * MIB), plain), file).toBe(0);
      expect(declaredSize(packed), file).toBe(plain.length);
    }
  });

  it("joins the members of a gzip body", () => {
    const body = Buffer.concat([gzipSync("one "), gzipSync("two")]);
    expect(Buffer.from(inflateBody(body, "gzip", MIB)).toString()).toBe("one two");
  });

  it("takes a body of exactly the limit and refuses one byte more", () => {
    expect(inflateBody(gzipSync(new Uint8Array(MIB)), "gzip", MIB)).toHaveLength(MIB);
    for (const encoding of ["gzip", "deflate", "identity"] as const) {
      const plain = new Uint8Array(MIB + 1);
      const body = encoding === "gzip" ? gzipSync(plain) : encoding === "deflate" ? deflateSync(plain) : plain;
      expect(failure(() => inflateBody(body, encoding, MIB)).code).toBe("too_large");
    }
  });

  it("stops a bomb at the limit without holding what it would become", () => {
    const bomb = gzipSync(new Uint8Array(256 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    const error = failure(() => inflateBody(bomb, "gzip", 8 * MIB));
    expect(error).toMatchObject({ code: "too_large" });
    expect(error.message).toContain(`${8 * MIB} bytes once decompressed`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });

  it.each([
    ["bytes that are no gzip", Buffer.from("not gzip at all, really not"), "gzip"],
    ["an empty body", new Uint8Array(0), "gzip"],
    ["a body that is cut off", gzipSync("some text that is long enough").subarray(0, -6), "gzip"],
    ["bytes after the end", Buffer.concat([gzipSync("text"), Buffer.from("garbage")]), "gzip"],
    ["a damaged second member", Buffer.concat([gzipSync("text"), gzipSync("more").subarray(0, 12)]), "gzip"],
    ["bytes after the end of deflate", Buffer.concat([deflateSync("text"), Buffer.from("x")]), "deflate"],
    ["deflate without the zlib header", deflateRawSync("some text"), "deflate"],
  ] as const)("calls %s malformed", (_name, body, encoding) => {
    const error = failure(() => inflateBody(body, encoding, MIB));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain(encoding);
  });

  it("notices a wrong checksum", () => {
    const body = gzipSync("some text");
    body[body.length - 5] = (body[body.length - 5] as number) ^ 1;
    expect(failure(() => inflateBody(body, "gzip", MIB)).code).toBe("malformed");
  });
});
