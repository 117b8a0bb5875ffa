const { SpanKind, trace } = require("@opentelemetry/api");

const ORDERS = [1, 2, 3].map((id) => ({ id, customer: `customer ${id}` }));
const ITEMS = ["tea", "cup", "spoon"].flatMap((name) => ORDERS.map(({ id }) => ({ orderId: id, name })));

/** A database in memory. Each query is a span, as the instrumentation of a driver makes them. */
exports.createDatabase = () => {
  const tracer = trace.getTracer("shop.database");
  const query = (name, sql, rows) =>
    tracer.startActiveSpan(name, { kind: SpanKind.CLIENT, attributes: { "db.query.text": sql } }, async (span) => {
      span.end();
      return rows;
    });
  return {
    orders: () => query("SELECT orders", "SELECT * FROM orders", ORDERS),
    items: (ids) =>
      query(
        "SELECT items",
        "SELECT * FROM items WHERE order_id IN (?)",
        ITEMS.filter(({ orderId }) => ids.includes(orderId)),
      ),
  };
};
