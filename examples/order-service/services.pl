% The order service and the inventory service that it finds at run time.
% Checked by:  spanloom services check examples/order-service/services.pl

service(order_service, [
    % Discovery configuration
    discovery_enabled(true),
    discovery_backend(consul),
    health_check(http('/health', 30000)),
    discovery_ttl(60),
    discovery_tags([production, v2]),

    % Tracing configuration
    tracing(true),
    trace_exporter(otlp),
    trace_sampling(0.1),
    trace_propagation(w3c),

    % Transport
    transport(http(8080))
], [
    % Health endpoint
    handle(get_health, [], respond(ok)),

    % Create order with tracing
    handle(create_order, [OrderData],
        start_span(create_order),
        validate_order(OrderData),
        add_span_event(validated),
        discover_service(inventory_service, [production], InventoryEndpoint),
        call_service(InventoryEndpoint, reserve_items, OrderData.items),
        add_span_event(items_reserved),
        persist_order(Order),
        end_span,
        respond(Order)
    )
]).

service(inventory_service, [
    discovery_enabled(true),
    discovery_backend(consul),
    health_check(http('/health', 30000)),
    discovery_ttl(60),
    discovery_tags([production]),
    tracing(true),
    trace_exporter(otlp),
    trace_sampling(0.1),
    trace_propagation(w3c),
    transport(http(8081))
], [
    handle(reserve_items, [Items], take_from_stock(Items), respond(ok))
]).
