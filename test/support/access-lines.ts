/** What each registered route needs: its method and path, and one of these scopes. A new route needs a line. */
export const ACCESS_LINES = {
  ui: `
    ALL /healthz nothing
    ALL /readyz nothing
    ALL /metrics read
    ALL /api/ui/status read,admin
    ALL /api/ui/admin{/*rest} admin
    ALL /api/registry{/*rest} control
    GET /login nothing
    GET /login/style.css nothing
    GET /login/theme.js nothing
    POST /login nothing
    POST /logout nothing
    GET /api/live read
    GET /api/ui/traces/:traceId/page read
    GET /api/ui/traces/:a/compare/:b read
    GET /api/ui/traces/:traceId/typical read
    GET /api/ui/traces/:traceId/columns read
    GET /api/ui/traces/:traceId/spans/:spanId read
    GET /api/ui/traces/:traceId/spans/:spanId/place read
    GET /api/ui/traces/:traceId/search read
    GET /api/ui/traces/:traceId/linked-from read
    GET /api/ui/traces/:traceId/verdict read
    GET /api/ui/traces/:traceId/download read
    GET /api/ui/search read
    GET /api/ui/heatmap read
    GET /api/ui/explain-selection read
    GET /api/ui/external-calls read
    GET /api/ui/facets read
    GET /api/ui/completion/keys read
    GET /api/ui/completion/values read
    GET /api/ui/services read
    GET /api/ui/dependencies read
    GET /api/ui/call-series read
    GET /api/ui/red read
    GET /api/services read
    GET /api/services/*service/operations read
    GET /api/operations read
    GET /api/traces read
    GET /api/traces/:traceID read
    GET /api/dependencies read
    POST /api/transform read
    GET /api/metrics/latencies read
    GET /api/metrics/calls read
    GET /api/metrics/errors read
    GET /api/metrics/minstep read
    POST /api/archive/:traceID read
    GET /api/v3/services read
    GET /api/v3/operations read
    GET /api/v3/traces read
    GET /api/v3/traces/:traceId read
    GET /api/v3/trace-summaries read
    GET /api/v3/dependencies read
    GET /api/v3/capabilities read`,
  control: `
    GET /healthz nothing
    GET /readyz nothing
    GET /metrics read
    GET /api/ui/status read,admin
    POST /api/ui/admin/compact admin
    POST /api/ui/admin/delete admin
    POST /api/ui/admin/resend admin
    POST /api/ui/admin/demo admin
    PUT /api/registry/*rest registry
    DELETE /api/registry/*rest registry
    GET /api/registry read,registry
    GET /api/registry/services/:name read,registry
    GET /api/registry/watch read,registry
    PUT /api/registry/instances/:id registry
    PUT /api/registry/instances/:id/heartbeat registry
    DELETE /api/registry/instances/:id registry`,
  registry: `
    PUT /v1/agent/service/register registry
    PUT /v1/agent/service/deregister/*id registry
    PUT /v1/agent/check/pass/*id registry
    PUT /v1/agent/check/warn/*id registry
    PUT /v1/agent/check/fail/*id registry
    PUT /v1/agent/check/update/*id registry
    GET /v1/agent/services registry
    GET /v1/agent/service/*id registry
    GET /v1/agent/checks registry
    GET /v1/agent/self registry
    GET /v1/agent/members registry
    GET /v1/status/leader registry
    GET /v1/status/peers registry
    GET /v1/catalog/datacenters registry
    GET /v1/catalog/services registry
    GET /v1/catalog/service/*name registry
    GET /v1/health/service/*name registry
    GET /v1/health/checks/*name registry
    GET /v1/health/state/:state registry
    GET /v1/health/node/*name registry
    GET /v1/catalog/nodes registry
    GET /v1/catalog/node/*name registry
    GET /v1/agent/health/service/id/*id registry
    GET /v1/agent/health/service/name/*name registry`,
  tempo: `
    GET /api/echo read
    GET /ready read
    GET /status/services read
    GET /api/status/buildinfo read
    GET /api/traces/:traceId read
    GET /api/v2/traces/:traceId read
    GET /api/search read
    GET /api/search/tags read
    GET /api/v2/search/tags read
    GET /api/search/tag/*tag/values read
    GET /api/v2/search/tag/*tag/values read
    GET /api/metrics/query_range read
    GET /api/metrics/query read`,
  zipkin: `
    GET /api/v2/services read
    GET /zipkin/api/v2/services read
    GET /api/v2/spans read
    GET /zipkin/api/v2/spans read
    GET /api/v2/remoteServices read
    GET /zipkin/api/v2/remoteServices read
    GET /api/v2/traces read
    GET /zipkin/api/v2/traces read
    GET /api/v2/trace/:traceId read
    GET /zipkin/api/v2/trace/:traceId read
    GET /api/v2/traceMany read
    GET /zipkin/api/v2/traceMany read
    GET /api/v2/dependencies read
    GET /zipkin/api/v2/dependencies read
    GET /api/v2/autocompleteKeys read
    GET /zipkin/api/v2/autocompleteKeys read
    GET /api/v2/autocompleteValues read
    GET /zipkin/api/v2/autocompleteValues read
    GET /zipkin/config.json read
    GET /config.json read
    GET /health read`,
} as const;

/** What listeners answer that is no route of a router. */
export const OTHER_LINES = {
  ui: `
    POST /mcp read
    GET / read
    GET /trace/1 read
    GET /assets/none.js read
    POST //api/ui/admin/delete admin
    POST /API/UI/ADMIN/delete admin
    POST /api/ui/%61dmin/delete admin
    POST /spanloom/api/ui/admin/delete admin
    GET /healthz/ read
    GET //healthz read`,
  otlp_http: `
    POST /v1/traces ingest
    POST /v1/logs ingest
    GET /anything ingest
    GET /healthz nothing
    GET /readyz nothing`,
  zipkin: `
    POST /api/v2/spans ingest
    POST /api/v1/spans ingest
    GET / read`,
  jaeger: `
    POST /api/traces ingest
    GET /api/sampling?service=a ingest,read`,
  remote_sampling: `
    GET /sampling?service=a ingest,read
    GET /?service=a ingest,read`,
  registry: `
    GET / registry`,
  tempo: `
    GET / read`,
} as const;
