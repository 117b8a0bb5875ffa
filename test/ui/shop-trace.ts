import type { OtlpAttribute, OtlpRequest, OtlpSpan } from "../support/query/fixture-traces.ts";

const START = 1_795_392_000_000_000_000n;

const STACK = `com.shop.pay.Declined: amex not taken
\tat com.shop.pay.Acquirer.charge(Acquirer.java:88)
\tat io.netty.channel.AbstractChannelHandlerContext.invokeChannelRead(AbstractChannelHandlerContext.java:444)
\tat io.opentelemetry.javaagent.shaded.instrumentation.netty.Handler.channelRead(Handler.java:12)
\tat com.shop.pay.PaymentController.post(PaymentController.java:41)
Caused by: java.net.SocketTimeoutException: Read timed out
\tat com.shop.pay.Http.read(Http.java:17)
\t... 23 more`;

type Attributes = Readonly<Record<string, string | number>>;

interface SpanPlan {
  readonly id: number;
  readonly parent?: number;
  readonly name: string;
  /** SPAN_KIND */
  readonly kind: number;
  /** ms after the start of the trace. */
  readonly at: number;
  readonly ms: number;
  readonly attributes?: Attributes;
  readonly more?: Partial<OtlpSpan>;
}

export const spanIdOf = (id: number): string => id.toString(16).padStart(16, "0");

/** A span as a plan says, in a trace. */
function plannedSpan(traceId: string, plan: SpanPlan): OtlpSpan {
  return {
    traceId,
    spanId: spanIdOf(plan.id),
    ...(plan.parent !== undefined && { parentSpanId: spanIdOf(plan.parent) }),
    name: plan.name,
    kind: plan.kind,
    startTimeUnixNano: String(START + BigInt(Math.round(plan.at * 1e6))),
    endTimeUnixNano: String(START + BigInt(Math.round((plan.at + plan.ms) * 1e6))),
    attributes: attributesOf(plan.attributes ?? {}),
    ...plan.more,
  };
}

/** Spans by their services, as one request. */
function requestOf(services: Readonly<Record<string, readonly OtlpSpan[]>>): OtlpRequest {
  return {
    resourceSpans: Object.entries(services).map(([service, spans]) => ({
      resource: { attributes: attributesOf({ "service.name": service }) },
      scopeSpans: [{ spans: [...spans] }],
    })),
  };
}

const FAILED = { status: { code: 2 } };
const RESERVE = {
  "rpc.system": "grpc",
  "rpc.service": "stock.Stock",
  "rpc.method": "Reserve",
  "rpc.grpc.status_code": 14,
};
const CHARGE = {
  "http.request.method": "POST",
  "url.full": "http://payment/charges",
  "http.response.status_code": 503,
};
const PUBLISH = {
  "messaging.system": "kafka",
  "messaging.operation.name": "publish",
  "messaging.destination.name": "orders",
};
const CHAT = {
  "gen_ai.provider.name": "openai",
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-5-mini",
  "gen_ai.usage.input_tokens": 1204,
  "gen_ai.usage.output_tokens": 87,
};
const SELECT = { "db.system.name": "postgresql", "db.query.text": "SELECT n FROM stock WHERE sku = $1 AND n > 0" };
const ORDER = { "shop.order": '{"sku":"desk-22","count":2}', "shop.docs": "https://example.com/errors/91" };

const FRONTEND: readonly SpanPlan[] = [
  { id: 1, name: "POST /checkout", kind: 2, at: 0, ms: 1300, attributes: http("POST", "/checkout", 502), more: FAILED },
  { id: 2, parent: 1, name: "POST", kind: 3, at: 20, ms: 1000, attributes: CHARGE, more: FAILED },
  { id: 7, parent: 1, name: "send", kind: 4, at: 1050, ms: 8, attributes: PUBLISH },
  { id: 8, parent: 1, name: "chat", kind: 3, at: 1080, ms: 200, attributes: CHAT },
];
const PAYMENT: readonly SpanPlan[] = [
  {
    id: 3,
    parent: 2,
    name: "POST /charges",
    kind: 2,
    at: 120,
    ms: 850,
    attributes: { ...http("POST", "/charges", 503), ...ORDER },
    more: { status: { code: 2, message: "amex not taken" }, events: [event(400, "retry", {}), exceptionAt(900)] },
  },
  { id: 4, parent: 3, name: "pg.query", kind: 3, at: 200, ms: 300, attributes: SELECT },
  { id: 5, parent: 3, name: "stock.Stock/Reserve", kind: 3, at: 520, ms: 300, attributes: RESERVE, more: FAILED },
];
const STOCK: readonly SpanPlan[] = [
  { id: 6, parent: 5, name: "stock.Stock/Reserve", kind: 2, at: 540, ms: 260, attributes: RESERVE, more: FAILED },
];

/**
 * A checkout that fails: HTTP from frontend to payment (spans 1, 2, 3, the last with an exception), there a database
 * (4) and gRPC to stock (5, 6), and in frontend a message (7) and a model (8).
 */
export function shopTrace(traceId: string): OtlpRequest {
  const spans = (plans: readonly SpanPlan[]) => plans.map((plan) => plannedSpan(traceId, plan));
  return requestOf({ frontend: spans(FRONTEND), payment: spans(PAYMENT), stock: spans(STOCK) });
}

/** A call of 10 to 110 ms that its server, whose clock is 313 ms ahead, says it served from 325 to 420 ms. */
export function skewedTrace(traceId: string): OtlpRequest {
  const spans = (plans: readonly SpanPlan[]) => plans.map((plan) => plannedSpan(traceId, plan));
  return requestOf({
    frontend: spans([
      { id: 1, name: "GET /cart", kind: 2, at: 0, ms: 120 },
      { id: 2, parent: 1, name: "GET", kind: 3, at: 10, ms: 100 },
    ]),
    cart: spans([{ id: 3, parent: 2, name: "GET /items", kind: 2, at: 325, ms: 95 }]),
  });
}

/** A request of `shop` with five equal calls below it, whose service and operation have blank names; one failed. */
export function namelessTrace(traceId: string): OtlpRequest {
  const call = (id: number, attributes: Attributes, more: Partial<OtlpSpan> = {}) =>
    plannedSpan(traceId, { id, parent: 1, name: " ", kind: 1, at: id * 15, ms: 14, attributes, more });
  return requestOf({
    shop: [plannedSpan(traceId, { id: 1, name: "GET /", kind: 2, at: 0, ms: 120 })],
    " ": [call(2, { tenant: " " }), call(3, {}), call(4, {}), call(5, {}), call(6, { tenant: "a" }, FAILED)],
  });
}

/** A span of `mail` that links to spans of other traces. */
export function linkingTrace(traceId: string, links: readonly { traceId: string; spanId: string }[]): OtlpRequest {
  const more = { links: links.map((link) => ({ ...link })) };
  return requestOf({ mail: [plannedSpan(traceId, { id: 1, name: "send all", kind: 5, at: 0, ms: 50, more })] });
}

function http(method: string, route: string, status: number): Attributes {
  return { "http.request.method": method, "http.route": route, "http.response.status_code": status };
}

function exceptionAt(ms: number) {
  return event(ms, "exception", {
    "exception.type": "com.shop.pay.Declined",
    "exception.message": "amex not taken",
    "exception.stacktrace": STACK,
  });
}

function event(ms: number, name: string, attributes: Attributes) {
  return { timeUnixNano: String(START + BigInt(ms) * 1_000_000n), name, attributes: attributesOf(attributes) };
}

function attributesOf(attributes: Attributes): OtlpAttribute[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** A span below the other, `level 0` to the last, which has two leaves below it. */
export function chainTrace(traceId: string, levels: number): OtlpRequest {
  const ms = levels;
  const spans = Array.from({ length: levels }, (_, i) =>
    plannedSpan(traceId, {
      id: i + 1,
      ...(i > 0 && { parent: i }),
      name: `level ${i}`,
      kind: 1,
      at: i / 10,
      ms: ms - i / 5,
    }),
  );
  const leaf = (id: number, name: string, at: number) =>
    plannedSpan(traceId, { id, parent: levels, name, kind: 1, at, ms: 5 });
  return requestOf({
    deep: [...spans, leaf(levels + 1, "leaf a", levels / 10 + 1), leaf(levels + 2, "leaf b", levels / 10 + 9)],
  });
}
