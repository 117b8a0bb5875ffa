import { z } from "zod";
import { DEFAULT_TTL_MS, type HealthCheckSpec, type Registration } from "../../component/discovery.ts";
import { PermanentError } from "../../component/errors.ts";
import { DAY_MS } from "../../model/time.ts";

const interval = z.number().min(10).max(DAY_MS).optional();
const threshold = z.int().min(1).max(1_000).optional();
const timing = {
  intervalMs: interval,
  timeoutMs: interval,
  healthyThreshold: threshold,
  unhealthyThreshold: threshold,
};

/** Without host and port the check goes to the instance itself: any other target would have to be configured. */
const checkBody = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    path: z.string().regex(/^\/[^\s]*$/, "expected a path such as /health"),
    ...timing,
  }),
  z.strictObject({ type: z.literal("tcp"), port: z.int().min(1).max(65_535).optional(), ...timing }),
  z.strictObject({ type: z.literal("grpc"), service: z.string().max(255).optional(), ...timing }),
]);

const instanceBody = z.strictObject({
  name: z.string().min(1).max(255),
  host: z.string().min(1).max(255),
  port: z.int().min(0).max(65_535),
  tags: z.array(z.string()).default([]),
  metadata: z.record(z.string(), z.string()).default({}),
  weight: z.number().min(0).max(65_535).optional(),
  zone: z.string().min(1).max(255).optional(),
  ttlMs: z.number().min(0).default(DEFAULT_TTL_MS),
  check: checkBody.optional(),
});

/** The body of `PUT /api/registry/instances/{id}`. @throws PermanentError `bad_request` listing every problem */
export function parseInstanceBody(id: string, body: unknown): { registration: Registration; ttlMs: number } {
  const parsed = instanceBody.safeParse(body);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
    throw new PermanentError("bad_request", lines.join("; "));
  }
  const { ttlMs, check, weight, zone, ...rest } = parsed.data;
  const registration: Registration = {
    id,
    ...rest,
    ...(weight === undefined ? {} : { weight }),
    ...(zone === undefined ? {} : { zone }),
    ...(check === undefined ? {} : { check: specOf(check, rest.host, rest.port) }),
  };
  return { registration, ttlMs };
}

function specOf(check: z.output<typeof checkBody>, host: string, port: number): HealthCheckSpec {
  const given = Object.fromEntries(Object.entries(check).filter(([, value]) => value !== undefined));
  const times = given as Pick<HealthCheckSpec, "intervalMs">;
  if (check.type === "http") {
    const { path: _, ...rest } = given;
    return { ...rest, type: "http", url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${check.path}` };
  }
  if (check.type === "tcp") return { ...times, type: "tcp", host, port: check.port ?? port };
  return { ...times, type: "grpc", host, port, service: check.service ?? "" };
}
