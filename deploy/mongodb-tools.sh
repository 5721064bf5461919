#!/bin/sh
# Installs the official MongoDB Database Tools from MongoDB's own package repository for Debian 12.
set -eu
apt-get update
apt-get install -y --no-install-recommends curl gnupg
curl -fsSL https://pgp.mongodb.com/server-8.0.asc | gpg --dearmor -o /usr/share/keyrings/mongodb-server-8.0.gpg
echo 'deb [signed-by=/usr/share/keyrings/mongodb-server-8.0.gpg] https://repo.mongodb.org/apt/debian bookworm/mongodb-org/8.0 main' \
  > /etc/apt/sources.list.d/mongodb-org-8.0.list
apt-get update
apt-get install -y --no-install-recommends mongodb-database-tools
apt-get purge -y --auto-remove curl gnupg
rm -rf /var/lib/apt/lists/*
mongodump --version
