# The collector as an image: `docker build -t spanloom .`, then `docker compose up` (compose.yaml).

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package needs a script of its own: better-sqlite3 holds its binaries.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY web web
RUN npm run build:server \
 && npm run build:web \
 && npm prune --omit=dev --ignore-scripts \
 && cd node_modules/better-sqlite3 \
 && rm -rf deps src prebuilds/darwin-* prebuilds/linuxmusl-* prebuilds/win32-*

FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY proto proto
RUN install -d -m 0700 -o node -g node /data

# A container has its own loopback, so its listeners bind every address; what others reach is what gets published.
ENV NODE_ENV=production \
    SPANLOOM_RECEIVERS__OTLP__PROTOCOLS__GRPC__ENDPOINT=0.0.0.0:4317 \
    SPANLOOM_RECEIVERS__OTLP__PROTOCOLS__HTTP__ENDPOINT=0.0.0.0:4318 \
    SPANLOOM_RECEIVERS__ZIPKIN__ENDPOINT=0.0.0.0:9411 \
    SPANLOOM_RECEIVERS__JAEGER__ENDPOINT=0.0.0.0:14268 \
    SPANLOOM_RECEIVERS__REMOTE_SAMPLING__HTTP__ENDPOINT=0.0.0.0:5778 \
    SPANLOOM_RECEIVERS__REMOTE_SAMPLING__GRPC__ENDPOINT=0.0.0.0:5779 \
    SPANLOOM_UI__ENDPOINT=0.0.0.0:16686 \
    SPANLOOM_DISCOVERY__SERVER__ENDPOINT=0.0.0.0:8500 \
    SPANLOOM_PROXY__ENDPOINT=0.0.0.0:8088 \
    SPANLOOM_STORAGE__PATH=/data \
    SPANLOOM_TELEMETRY__LOGS__FORMAT=json

USER node
WORKDIR /data
VOLUME /data
EXPOSE 4317 4318 9411 14268 5778 5779 16685 3200 16686 8500 8088
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4318/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
