#!/usr/bin/env node
// Starts the CLI from the build. Runs under an old Node as well, only to hand over to the one that the project brings.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const entry = path('../../../dist/bundle/cli/main.js');
const ownNode = path('../../../node_modules/.bin/node');

if (major < 22 || (major === 22 && minor < 15)) {
  if (!existsSync(ownNode)) {
    process.stderr.write(
      `hazina needs Node 22.15 or later, this is ${process.version}. Run npm ci in the project's folder: it brings Node 24.\n`,
    );
    process.exit(1);
  }
  const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends its signals to both; we only wait for the child's word.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
  child.once('close', (code) => process.exit(code ?? 1));
} else if (!existsSync(entry)) {
  process.stderr.write("hazina is not built yet. Run npm run build in the project's folder.\n");
  process.exit(1);
} else {
  beginBackupsWithLargerHeap();
  // Half of a short command's time is compiling JavaScript: keep the result.
  module.enableCompileCache?.();
  const { version } = JSON.parse(readFileSync(path('../../../package.json'), 'utf8'));
  const { main } = await import(entry);
  await main(version);
}

/**
 * Buffers that come and go outside of the heap make V8 collect garbage over and over: a quarter of a backup's time, unless the heap begins larger than Node's own.
 * That can be said only at the start, so a backup starts anew in place (the same process id). A restore takes less memory without.
 */
function beginBackupsWithLargerHeap() {
  const flag = '--initial-heap-size=64';
  const args = process.argv.slice(2);
  if (!args.includes('backup') || process.execArgv.some((given) => given.startsWith('--initial-heap-size'))) return;
  if (typeof process.execve !== 'function' || process.platform === 'win32') return;
  process.removeAllListeners('warning');
  process.on('warning', () => undefined);
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, flag, path('./hazina.mjs'), ...args],
    process.env,
  );
}
