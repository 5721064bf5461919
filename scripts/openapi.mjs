// npm run openapi: writes docs/openapi.json, the committed OpenAPI document, from the API as it is built, the types of the client from that, and the JSON Schema
// of the targets file (docs/targets.schema.json).
// Needs no service: nothing is connected to.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, root, say } from './bootstrap.mjs';

await ensureBuilt();
const load = (path) => import(pathToFileURL(join(root, 'dist', path)));
const { loadApiConfig } = await load('libs/config/src/index.js');
const { openCore, closeCore } = await load('apps/api/src/core/open-core.js');
const { createApi } = await load('apps/api/src/create-api.js');
const { openApiDocument } = await load('apps/api/src/openapi/document.js');
const { ServiceLog } = await load('apps/api/src/logging/service-log.js');
const { createLog } = await load('libs/logging/src/index.js');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nowhere = { CATALOG_MONGODB_URI: 'mongodb://127.0.0.1:1/x', REDIS_URL: 'redis://127.0.0.1:1' };
const environment = { ...nowhere, JWT_SECRET: 'x'.repeat(32), LOG_LEVEL: 'silent' };
const config = await loadApiConfig({ environment, readFile: readFileSync, workingDirectory: root });
const core = await openCore(config, version, new ServiceLog(createLog({ level: 'silent', version })), () => undefined);
const app = await createApi(core);
const file = join(root, 'docs', 'openapi.json');
writeFileSync(file, `${JSON.stringify(openApiDocument(app, version), null, 2)}\n`);
say(`${file} written`);
const { clientTypes } = await import('./client-types.mjs');
const types = join(root, 'libs', 'client', 'src', 'schema.ts');
writeFileSync(types, await clientTypes(readFileSync(file, 'utf8')));
say(`${types} written`);
const { targetsSchema } = await load('libs/config/src/targets-file.js');
const schema = join(root, 'docs', 'targets.schema.json');
writeFileSync(schema, `${JSON.stringify(targetsSchema(), null, 2)}\n`);
say(`${schema} written`);
await app.close();
await closeCore(core);
