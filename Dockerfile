# syntax=docker/dockerfile:1
# One file, two images: docker build --target api . and docker build --target worker .
# Pin the base by digest in production: FROM node:24-bookworm-slim@sha256:…

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.image.json ./
COPY apps ./apps
COPY libs ./libs
COPY scripts/bundle.mjs ./scripts/
RUN npx tsc -p tsconfig.image.json && node scripts/bundle.mjs

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the packages of tests, and without the Node of npm scripts: the image has its own.
RUN npm ci --no-audit --no-fund --ignore-scripts --omit=dev --omit=optional

FROM node:24-bookworm-slim AS base
ENV NODE_ENV=production
# An init: Node as process 1 neither passes signals on nor reaps the children that mongodump leaves.
RUN apt-get update && apt-get install -y --no-install-recommends tini ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY apps/cli/bin ./apps/cli/bin
COPY deploy/health.mjs deploy/make-bucket.mjs ./deploy/
# For the day on which nothing of this runs any more: whoever has the image has the script (docs/recovery.md).
COPY recovery/hazina_recover.py ./recovery/
# Backups of a store in a folder; a volume belongs here.
RUN mkdir -p /data/backups && chown node:node /data/backups
USER node
ENTRYPOINT ["tini", "--"]

FROM base AS api
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "deploy/health.mjs", "3000"]
CMD ["node", "dist/bundle/api/main.js"]

FROM base AS worker
USER root
# The official tools (mongodump, mongorestore): BACKUP_ENGINE=auto takes mongodump where it is on the PATH.
COPY deploy/mongodb-tools.sh /tmp/mongodb-tools.sh
RUN sh /tmp/mongodb-tools.sh && rm /tmp/mongodb-tools.sh
USER node
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "deploy/health.mjs", "3001"]
CMD ["node", "dist/bundle/worker/main.js"]
