/** Who has not shown yet who it is takes few places: of one network, and of all together. */
import { expect, test } from "vitest";
import { Strangers } from "../../src-main/remote/strangers.ts";
import { networkOf } from "../../src-main/service/addresses.ts";

test("whoever has a whole network of IPv6 has no more places than an address of IPv4; all strangers together leave some to others", () => {
  const strangers = new Strangers({ each: 2, all: 5 });
  const admit = (remoteAddress: string, remotePort = 1) => strangers.admit({ remoteAddress, remotePort });
  expect([admit("2001:db8::1"), admit("2001:db8::2"), admit("2001:db8:0:0:9::3")]).toEqual([true, true, false]);
  expect([admit("::ffff:10.0.0.1"), admit("10.0.0.1", 2), admit("10.0.0.1", 3), admit("10.0.0.2")]).toEqual([true, true, false, true]); // prettier-ignore
  expect(admit("2001:db8:1::1")).toBe(false); // five are there
  strangers.release({ remoteAddress: "2001:db8::1", remotePort: 1 });
  strangers.release({ remoteAddress: "2001:db8::1", remotePort: 1 }); // closed after it has shown who it is
  expect([admit("2001:db8:1::1"), admit("2001:db8:1::2")]).toEqual([true, false]);
});

test.each([
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["10.1.2.3", "10.1.2.3"],
])("%s is of the network %s", (address, network) => expect(networkOf(address)).toBe(network));
