/** All orders with their items. */
export async function listOrders(database) {
  const orders = await database.orders();
  const items = await database.items(orders.map(({ id }) => id));
  return orders.map((order) => ({ ...order, items: items.filter(({ orderId }) => orderId === order.id) }));
}
