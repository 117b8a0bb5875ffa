import { expect, it } from "vitest";
import { inNetworks } from "./networks.ts";
import { unmappedAddress } from "./unmapped-address.ts";

it.each([
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["::FFFF:10.1.2.3", "10.1.2.3"],
  ["::ffff:a01:203", "10.1.2.3"],
  ["::ffff:0:1", "0.0.0.1"],
  ["10.1.2.3", "10.1.2.3"],
  ["::1", "::1"],
  ["::ffff:10.1.2", "::ffff:10.1.2"],
  ["::ffff:10.1.2.3.4", "::ffff:10.1.2.3.4"],
  ["::ffff:a01:203:4", "::ffff:a01:203:4"],
  ["1::ffff:a01:203", "1::ffff:a01:203"],
  ["", ""],
])("takes %s for %s", (address, bare) => expect(unmappedAddress(address)).toBe(bare));

it("finds an address of IPv4 as IPv6 writes it in a network of IPv4", () => {
  const isIn = inNetworks(["10.1.0.0/16", "fd00::/8"]);
  expect(["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203", "fd12::1"].map(isIn)).toEqual([true, true, true, true]);
  expect(["10.2.0.1", "::ffff:a02:1", "::1", "localhost", "", undefined].some(isIn)).toBe(false);
});
