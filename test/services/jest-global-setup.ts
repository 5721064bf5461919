import { registerHooks } from 'node:module';

declare global {
  /** Set by the global set-up of Jest for the tear-down, which runs in the same process. */
  var hazinaStopServices: (() => Promise<void>) | undefined;
}

/** Starts MongoDB and S3 once for the whole run and gives the tests, in other processes, the TEST_* variables. */
export default async function setUp(): Promise<void> {
  const { startServices } = await importSource();
  const running = await startServices({ which: ['mongodb', 'redis', 's3'] });
  for (const [name, value] of Object.entries(running.env)) {
    if (name.startsWith('TEST_')) process.env[name] = value;
  }
  globalThis.hazinaStopServices = () => running.stop();
}

/** Jest compiles what a set-up file requires, but does not know that `./x.js` is made from `./x.ts`. */
async function importSource() {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const ours = context.parentURL?.includes('/node_modules/') !== true && /^\.{1,2}\/.*\.js$/.test(specifier);
      return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context);
    },
  });
  try {
    return await import('./start-services.js');
  } finally {
    hooks.deregister();
  }
}
