// npm run start:api, npm run start:worker: one process under Node 24, configured by the environment alone. Builds only when nothing was built yet.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, ensureBuilt, environment, fail, root } from './bootstrap.mjs';
import { spawn } from 'node:child_process';

const [app = ''] = process.argv.slice(2);
if (!['api', 'worker'].includes(app)) fail('usage: node scripts/start.mjs api|worker');
const main = join(root, 'dist', 'bundle', app, 'main.js');
if (existsSync(main)) checkNode();
else await ensureBuilt();

// Signals are passed on once, also where only this process got them (kill, Kubernetes); the child decides when to end.
const child = spawn('node', [main], { cwd: root, stdio: 'inherit', env: environment });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('error', (error) => fail(`${app} cannot be started: ${error.message}`));
child.once('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
