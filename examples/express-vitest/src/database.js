const ORDERS = [1, 2, 3].map((id) => ({ id, customer: `customer ${id}` }));
const ITEMS = ["tea", "cup", "spoon"].flatMap((name) => ORDERS.map(({ id }) => ({ orderId: id, name })));

/** A database in memory. Each query is a span, as the instrumentation of a driver makes them. */
export function createDatabase(tracer) {
  const query = (name, sql, rows) =>
    tracer.trace(name, async () => rows, { kind: "client", attributes: { "db.query.text": sql } });
  return {
    orders: () => query("SELECT orders", "SELECT * FROM orders", ORDERS),
    items: (ids) =>
      query(
        "SELECT items",
        "SELECT * FROM items WHERE order_id IN (?)",
        ITEMS.filter(({ orderId }) => ids.includes(orderId)),
      ),
  };
}
