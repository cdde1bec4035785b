# syntax=docker/dockerfile:1
# The fleet's image: built in one stage, run in another, without root.

FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY schemas ./schemas
COPY broker ./broker
COPY examples ./examples
RUN ln -s /app/dist/main.js /usr/local/bin/outrider && chmod +x /app/dist/main.js
USER node
WORKDIR /etc/outrider
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.OUTRIDER_HTTP_PORT || '8080') + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["outrider"]
CMD ["worker", "--config", "/etc/outrider/outrider.yml"]
