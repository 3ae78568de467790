# Parvis in a container: docker build -t parvis . (compose.yaml does it, with Caddy in front).
FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The image brings Node 26, so the one of the optional dependencies stays out; no package needs its install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26-slim
WORKDIR /app
RUN install -d -o node -g node -m 750 /data \
 && printf '#!/bin/sh\nexec node /app/bin/parvis.js "$@"\n' > /usr/local/bin/parvis \
 && chmod 755 /usr/local/bin/parvis
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY views ./views
COPY bin ./bin
COPY src ./src
# The code belongs to root: the server cannot change itself.
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Not through npm, which would keep the signals that stop the server.
CMD ["node", "bin/server.js"]
