// node scripts/bundle.mjs: a folder of few files for each program, out of what the compiler left in dist/. 4,000 small modules take longer to find and to load than
// to run: the worker starts in half the time.
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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
  ...['pino', 'pino-*', 'thread-stream', 'sonic-boom', '@bull-board/*', 'swagger-ui-dist'],
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

/** Bundles API, worker and command line into dist/bundle/<program>/main.js, unless that was made of the same modules. */
export async function bundle() {
  const done = join(root, 'dist', 'bundle', '.made');
  const last = existsSync(done) ? statSync(done).mtimeMs : 0;
  if (last > newest()) return;
  rmSync(join(root, 'dist', 'bundle'), { recursive: true, force: true });
  for (const program of programs) {
    await build({
      absWorkingDir: root,
      entryPoints: [`dist/apps/${program}/src/main.js`],
      outdir: `dist/bundle/${program}`,
      ...{ bundle: true, format: 'esm', platform: 'node', target: 'node22', external, logLevel: 'warning' },
      // A short command loads what it needs; a service needs everything.
      splitting: program === 'cli',
      // Names of classes stand in errors and logs.
      keepNames: true,
      // Beside it, for whoever wants to follow a stack by hand: read at every start it would take a third of a second.
      sourcemap: 'external',
      sourcesContent: false,
      banner: { js: first },
    });
  }
  writeFileSync(done, '');
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

if (process.argv[1] !== undefined && relative(process.argv[1], fileURLToPath(import.meta.url)) === '') await bundle();
