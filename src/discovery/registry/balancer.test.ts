import { describe, expect, it } from "vitest";
import type { ServiceInstance } from "../../component/discovery.ts";
import { instanceOf } from "../instance/instance.ts";
import { Balancer, type BalancerPolicy, DEFAULT_EJECTION } from "./balancer.ts";

function instance(id: string, weight = 1): ServiceInstance {
  const state = { health: "healthy", lastHeartbeatMs: undefined, ttlMs: 0 } as const;
  return instanceOf({ id, name: "s", host: id, port: 1, weight }, state);
}

function make(policy: BalancerPolicy, instances: ServiceInstance[], random = Math.random) {
  const clock = { now: 0 };
  const balancer = new Balancer({ policy, ejection: DEFAULT_EJECTION, now: () => clock.now, random });
  balancer.update(instances);
  const fail = (id: string, times = DEFAULT_EJECTION.consecutiveFailures): void => {
    for (let failed = 0, i = 0; failed < times && i < 1_000; i++) {
      const picked = balancer.pick();
      const isIt = picked?.instance.id === id;
      picked?.done(isIt ? "failure" : "success");
      if (isIt) failed++;
    }
  };
  const ids = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const picked = balancer.pick();
      picked?.done("success");
      return picked?.instance.id ?? "none";
    });
  return { balancer, clock, fail, ids };
}

describe("weighted round robin", () => {
  it("gives every instance its share, spread evenly", () => {
    const { ids } = make("weighted_round_robin", [instance("a", 5), instance("b", 1), instance("c", 1)]);
    expect(ids(7).join("")).toBe("aabacaa");
    expect(ids(7).join("")).toBe("aabacaa");
  });

  it("uses weight 0 only when nothing else is left", () => {
    const { balancer, ids } = make("weighted_round_robin", [instance("a", 0), instance("b", 1)]);
    expect(new Set(ids(10))).toEqual(new Set(["b"]));
    balancer.update([instance("a", 0)]);
    expect(ids(2)).toEqual(["a", "a"]);
    balancer.update([]);
    expect(balancer.pick()).toBeUndefined();
  });
});

describe("power of two choices", () => {
  it("takes the one of two with fewer requests under way for its weight", () => {
    const { balancer } = make("power_of_two", [instance("a"), instance("b")], () => 0);
    const first = balancer.pick();
    const second = balancer.pick();
    expect([first?.instance.id, second?.instance.id]).toEqual(["a", "b"]);
    first?.done("success");
    expect(balancer.pick()?.instance.id).toBe("a");
  });

  it("prefers the heavier one, as far as its weight goes", () => {
    const { balancer } = make("power_of_two", [instance("a", 1), instance("b", 3)]);
    const open = Array.from({ length: 400 }, () => balancer.pick()?.instance.id);
    const share = open.filter((id) => id === "b").length / open.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });
});

describe("ejection", () => {
  it("takes an instance out after failures in a row, and longer each time", () => {
    const { balancer, clock, fail, ids } = make("weighted_round_robin", [instance("a"), instance("b")]);
    fail("a", 2);
    expect(balancer.ejected()).toEqual([]);
    fail("a", 1);
    expect(balancer.ejected()).toEqual(["a"]);
    expect(new Set(ids(10))).toEqual(new Set(["b"]));
    clock.now = DEFAULT_EJECTION.baseMs;
    expect(balancer.ejected()).toEqual([]);
    fail("a");
    clock.now += DEFAULT_EJECTION.baseMs;
    expect(balancer.ejected()).toEqual(["a"]);
    clock.now += DEFAULT_EJECTION.baseMs;
    expect(new Set(ids(4))).toEqual(new Set(["a", "b"]));
  });

  it("never takes out more than half", () => {
    const { balancer, fail } = make(
      "weighted_round_robin",
      ["a", "b", "c", "d", "e"].map((id) => instance(id)),
    );
    for (const id of ["a", "b", "c", "d"]) fail(id);
    expect(balancer.ejected()).toEqual(["a", "b"]);
    const single = make("weighted_round_robin", [instance("a")]);
    single.fail("a", 20);
    expect(single.balancer.ejected()).toEqual([]);
  });

  it("forgets failures after a success, and those of another process under the same id", () => {
    const { balancer, fail, ids } = make("weighted_round_robin", [instance("a"), instance("b")]);
    fail("a", 2);
    ids(2);
    fail("a", 2);
    expect(balancer.ejected()).toEqual([]);
    fail("a", 3);
    expect(balancer.ejected()).toEqual(["a"]);
    balancer.update([{ ...instance("a"), port: 2 }, instance("b")]);
    expect(balancer.ejected()).toEqual([]);
  });

  it("counts an outcome once", () => {
    const { balancer } = make("weighted_round_robin", [instance("a"), instance("b")]);
    const picked = balancer.pick();
    for (let i = 0; i < 10; i++) picked?.done("failure");
    expect(balancer.ejected()).toEqual([]);
  });
});
