// npm run compose:secrets: makes the files in ./secrets that docker-compose.yml hands to API and worker. Existing files are kept: a lost key loses every backup.
import { randomBytes, scryptSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './bootstrap.mjs';

const folder = join(root, 'secrets');
mkdirSync(folder, { recursive: true, mode: 0o700 });
const password = randomBytes(12).toString('base64url');
const s3Secret = randomBytes(20).toString('hex');
const files = {
  'encryption-key': `hex:${randomBytes(32).toString('hex')}`,
  'jwt-secret': randomBytes(48).toString('base64url'),
  'admin-password': password,
  'admin-password-hash': hashPassword(password),
  'metrics-token': randomBytes(24).toString('base64url'),
  'source-mongodb-uri': 'mongodb://mongodb:27017/clinic?replicaSet=rs0',
  'catalog-mongodb-uri': 'mongodb://mongodb:27017/hazina?replicaSet=rs0',
  's3-access-key-id': 'hazina-dev',
  's3-secret-access-key': s3Secret,
};
const pairs = [['admin-password', 'admin-password-hash']];
for (const pair of pairs) {
  // A hash without its password (or the reverse) is of no use: both are made, or none.
  if (pair.every((name) => existsSync(join(folder, name)))) continue;
  for (const name of pair) write(name);
}
for (const name of Object.keys(files).filter((name) => !pairs.flat().includes(name))) {
  if (existsSync(join(folder, name))) say(`secrets/${name} is kept`);
  else write(name);
}
say('keep a copy of secrets/encryption-key apart from the backups: without it none can be opened');

function write(name) {
  const path = join(folder, name);
  // Containers read them as another user: the folder is the fence on this machine.
  writeFileSync(path, `${files[name]}\n`);
  chmodSync(path, 0o644);
  say(`secrets/${name} made`);
}

/** The form of ADMIN_PASSWORD_HASH: scrypt$N$r$p$salt$hash, salt and hash in base64url. */
function hashPassword(text) {
  const salt = randomBytes(16);
  const [N, r, p] = [2 ** 15, 8, 1];
  const hash = scryptSync(text, salt, 32, { N, r, p, maxmem: 64 * 1024 * 1024 });
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}
