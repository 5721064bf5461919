// Runs under whatever Node the machine has (20 or later) and before `npm ci`: built-in modules only.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
/** The lockfile that node_modules was installed from; a pull that changes it installs again. */
const stamp = join(root, 'node_modules', '.hazina-lockfile.sha256');

/** The environment of everything that we start: Node 24 of the dependency `node-linux-…` first on the PATH. */
export const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };

/** Installs what is missing (`npm ci`), once per lockfile. */
export function ensureInstalled() {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile) return;
  // A link (work trees that share one): npm would empty the folder behind it, under the feet of everybody who uses it.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const started = Date.now();
  say('installing npm packages (npm ci) …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail(`npm ci failed (exit ${status}): is the npm registry reachable?`);
  writeFileSync(stamp, lockfile);
  say(`npm packages installed in ${seconds(started)}`);
}

/** Installs, checks Node, compiles, bundles. */
export async function ensureBuilt() {
  ensureInstalled();
  checkNode();
  const started = Date.now();
  mkdirSync(join(root, 'dist'), { recursive: true });
  const code = await run('tsc', ['-p', 'tsconfig.build.json']);
  stopIfInterrupted();
  if (code !== 0) {
    rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
    fail('the build failed: see the messages of the compiler above');
  }
  // A process of its own: it needs the packages, which may have been installed just now, and Node 24.
  if ((await run('node', ['scripts/bundle.mjs'])) !== 0) fail('the programs cannot be bundled: see the messages above');
  stopIfInterrupted();
  say(`built in ${seconds(started)}`);
}

/** Every script runs under Node 22.15 or later, whatever Node started it. */
export function checkNode() {
  const found = spawnSync('node', ['--version'], { env: environment, encoding: 'utf8' }).stdout?.trim() ?? 'none';
  const [major = 0, minor = 0] = found.replace('v', '').split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return;
  fail(
    `Node 22.15 or later is needed, ${found} was found: the package node-linux-* brings Node 24 on Linux; elsewhere install it yourself`,
  );
}

let interruption = null;
/** Where somebody ended this by a signal nothing is begun any more. To be called when no child runs. */
export function stopIfInterrupted() {
  if (interruption !== null) process.exit(interruption);
}

/** Runs a program with Node 24 first on the PATH; resolves to its exit code. Ctrl-C reaches it as well, and we wait for its end. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      ...options,
      env: { ...environment, ...options.env },
    });
    const wait = (signal) => {
      interruption ??= signal === 'SIGINT' ? 130 : 143;
    };
    process.on('SIGINT', wait);
    process.on('SIGTERM', wait);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', wait);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

export function say(text) {
  process.stderr.write(`hazina: ${text}\n`);
}

export function fail(text) {
  say(text);
  process.exit(1);
}

export function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
