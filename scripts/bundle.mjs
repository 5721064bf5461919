// node scripts/bundle.mjs: a folder of few files for each program, out of what the compiler left in dist/. 4,000 small modules take longer to find and to load than
// to run: the worker starts in half the time.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const programs = ['api', 'worker', 'cli'];

/**
 * What stays in node_modules: `mongodb` and `bson`, for the loader reaches into the driver's own files; what calls `url.parse`, of which Node warns
 * outside of node_modules alone; what reads files of its own package; and what Nest asks for in vain, because it is optional and not installed.
 */
const external = [
  ...['mongodb', 'mongodb/*', 'bson', 'reflect-metadata'],
  ...['parseurl', 'passport-jwt', 'prom-client', 'nodemailer', 'ioredis'],
  ...['pino', 'pino-*', 'thread-stream', 'sonic-boom', 'msgpackr-extract', '@bull-board/*', 'swagger-ui-dist'],
  ...['@nestjs/microservices', '@nestjs/microservices/*', '@nestjs/websockets', '@nestjs/websockets/*'],
  ...['@nestjs/platform-fastify', '@fastify/*', 'class-transformer/storage'],
];

/** Before everything: decorators look for `reflect-metadata` where they are evaluated, and CommonJS packages for what they do not find in an ES module. */
const first = [
  "import 'reflect-metadata';",
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

const done = join(root, 'dist', 'bundle', '.made');
const last = existsSync(done) ? statSync(done).mtimeMs : 0;
// Unless they were made of the same modules.
if (last <= newest()) {
  const before = madeBefore();
  const made = {};
  for (const program of programs) made[program] = await bundle(program);
  for (const program of programs) removeOld(program, before[program] ?? [], made[program]);
  writeFileSync(done, JSON.stringify(made));
}

/** What each program's last bundle was; a list that was not written to its end tells nothing. */
function madeBefore() {
  try {
    return JSON.parse(readFileSync(done, 'utf8'));
  } catch {
    return {};
  }
}

/** Into dist/bundle/<program>/main.js and what it loads; the names of these files. */
async function bundle(program) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`dist/apps/${program}/src/main.js`],
    outdir: `dist/bundle/${program}`,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node22', external, logLevel: 'warning' },
    // A short command loads what it needs; a service needs everything.
    splitting: program === 'cli',
    // Names of classes stand in errors and logs.
    keepNames: true,
    // Read with --enable-source-maps alone: at every start that would take a third of a second.
    sourcemap: true,
    sourcesContent: false,
    banner: { js: first },
    metafile: true,
  });
  return Object.keys(metafile.outputs).map((file) => basename(file));
}

/** Parts of earlier bundles go a week after they were replaced: a command that runs may still load them. */
function removeOld(program, before, made) {
  const weekMs = 7 * 86_400_000;
  const folder = join(root, 'dist', 'bundle', program);
  for (const name of readdirSync(folder)) {
    if (made.includes(name)) continue;
    const file = join(folder, name);
    if (before.includes(name)) utimesSync(file, new Date(), new Date());
    else if (Date.now() - statSync(file).mtimeMs > weekMs) rmSync(file, { recursive: true, force: true });
  }
}

/** When the last of what a bundle is made of was written. */
function newest() {
  const modules = ['apps', 'libs'].flatMap((part) => {
    const folder = join(root, 'dist', part);
    return readdirSync(folder, { recursive: true }).map((file) => join(folder, file));
  });
  const others = [fileURLToPath(import.meta.url), join(root, 'package-lock.json')];
  return Math.max(...[...modules, ...others].map((file) => statSync(file).mtimeMs));
}
