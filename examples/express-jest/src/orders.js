/** All orders with their items. */
exports.listOrders = async (database) => {
  const orders = await database.orders();
  const items = await database.items(orders.map(({ id }) => id));
  return orders.map((order) => ({ ...order, items: items.filter(({ orderId }) => orderId === order.id) }));
};
