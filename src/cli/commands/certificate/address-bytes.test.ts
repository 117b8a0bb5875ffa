import { BlockList, isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { addressBytes } from "./address-bytes.ts";

it.each([
  ["127.0.0.1", "7f000001"],
  ["::1", "00000000000000000000000000000001"],
  ["::", "00000000000000000000000000000000"],
  ["2001:db8::", "20010db8000000000000000000000000"],
  ["2001:DB8:0:0:1::5", "20010db8000000000001000000000005"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
  ["::ffff:10.0.0.5", "00000000000000000000ffff0a000005"],
])("reads %s", (text, hex) => {
  expect(addressBytes(text)?.toString("hex")).toBe(hex);
});

it.each(["", "localhost", "10.0.0.256", "1:2:3", "fe80::1%eth0", "1.2.3"])("reads no address in %j", (text) => {
  expect(addressBytes(text)).toBeUndefined();
});

it("gives the bytes of the same address as Node, however it is written", () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      fc.pre(isIPv6(text));
      const hex = (addressBytes(text) as Buffer).toString("hex");
      expect(hex).toHaveLength(32);
      const same = new BlockList();
      same.addAddress((hex.match(/.{4}/g) as string[]).join(":"), "ipv6");
      expect(same.check(text, "ipv6")).toBe(true);
    }),
  );
});
