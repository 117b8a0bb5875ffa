import { expect, it, onTestFinished } from "vitest";
import { declareServices, portOf } from "../support/discovery/declared-services.ts";
import { TcpGate } from "../support/discovery/rig.ts";
import { eventually } from "../support/eventually.ts";
import { describeWhere } from "../support/requires.ts";
import { DNSMASQ, Dnsmasq } from "./dnsmasq-server.ts";
import { ETCD, Etcd, PASSWORD } from "./etcd-server.ts";

const ANSWER = { status: 200, body: { reserved: 2 } };

describeWhere(ETCD !== undefined, "etcd is missing", "services declared with a real etcd", () => {
  it("register, find each other, and are forgotten when they stop", async () => {
    const etcd = new Etcd();
    await etcd.start();
    onTestFinished(() => etcd.remove());
    await etcd.requirePassword();
    const { orders, inventory, order } = declareServices(
      `etcd([endpoint('http://127.0.0.1:${etcd.port}'), prefix('/shop'), username(root), password('${PASSWORD}')])`,
    );
    await inventory.start();
    await orders.start();
    expect([inventory.registered, orders.registered]).toEqual([true, true]);
    expect(await order()).toEqual(ANSWER);
    expect(await keys(etcd)).toEqual([`/shop/inventory_service/${inventory.id}`, `/shop/order_service/${orders.id}`]);
    await inventory.stop();
    expect(await keys(etcd)).toEqual([`/shop/order_service/${orders.id}`]);
    await eventually(async () => expect(await order()).toMatchObject({ status: 500 }));
  });

  it("start without their registry, register when it comes, and serve what they knew when it goes", async () => {
    const etcd = new Etcd();
    await etcd.start();
    onTestFinished(() => etcd.remove());
    const gate = await TcpGate.open(etcd.port);
    await gate.close();
    onTestFinished(() => gate.close());
    const { orders, inventory, order } = declareServices("etcd", { registryUrl: `http://127.0.0.1:${gate.port}` });
    await inventory.start();
    await orders.start();
    expect([inventory.registered, orders.registered]).toEqual([false, false]);
    await gate.open();
    await eventually(() => expect([inventory.registered, orders.registered]).toEqual([true, true]));
    await eventually(async () => expect(await order()).toEqual(ANSWER));
    await gate.close();
    expect(await order()).toEqual(ANSWER);
    await gate.open();
  });
});

describeWhere(DNSMASQ !== undefined, "dnsmasq is missing", "services declared with a real dnsmasq", () => {
  it("find each other as the zone says", async () => {
    const dns = new Dnsmasq();
    await dns.start();
    onTestFinished(() => dns.remove());
    const { orders, inventory, order } = declareServices(
      `dns([servers(['127.0.0.1:${dns.port}']), domain('shop.test'), min_refresh_ms(20), max_refresh_ms(50)])`,
      {},
      "[]",
    );
    await inventory.start();
    await orders.start();
    expect(await order()).toMatchObject({ status: 500 });
    await dns.zone([
      `srv-host=_inventory_service._tcp.shop.test,here.shop.test,${portOf(inventory)}`,
      "host-record=here.shop.test,127.0.0.1",
    ]);
    await eventually(async () => expect(await order()).toEqual(ANSWER));
    await dns.zone(["srv-host=_inventory_service._tcp.shop.test"]);
    await eventually(async () => expect(await order()).toMatchObject({ status: 500 }));
  });
});

/** Keys under /shop, in order. */
async function keys(etcd: Etcd): Promise<string[]> {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const range = { key: encode("/shop/"), range_end: encode("/shop0"), keys_only: true };
  const answer = await etcd.post("kv/range", range, await etcd.token());
  const kvs = (answer.kvs ?? []) as { key: string }[];
  return kvs.map(({ key }) => Buffer.from(key, "base64").toString());
}
