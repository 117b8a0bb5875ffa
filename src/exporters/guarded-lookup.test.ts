import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { guardedLookup } from "./guarded-lookup.ts";

function resolved(addresses: readonly string[], all: boolean): Promise<unknown> {
  const lookup = guardedLookup((_name, _options, callback) => {
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  });
  return new Promise((resolve, reject) => {
    lookup("backend", { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

describe("guardedLookup", () => {
  it("leaves out link-local addresses", async () => {
    expect(await resolved(["169.254.169.254", "10.0.0.1", "fe80::1"], true)).toEqual([
      { address: "10.0.0.1", family: 4 },
    ]);
    expect(await resolved(["fe80::1", "::1"], false)).toBe("::1");
  });

  it("refuses a name that has no other", async () => {
    await expect(resolved(["169.254.169.254"], true)).rejects.toThrow(/backend: 169\.254\.169\.254 is a link-local/);
  });

  it("hands on the resolver's error", async () => {
    const lookup = guardedLookup((_name, _options, callback) => callback(new Error("ENOTFOUND"), []));
    await expect(
      new Promise((resolve, reject) => lookup("x", {}, (error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toThrow("ENOTFOUND");
  });
});
