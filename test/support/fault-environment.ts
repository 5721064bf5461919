import { registerHooks } from 'node:module';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { FaultWatch } from './fault-watch.js';
import QuickEnvironment from './quick-environment.mjs';

/** Of Jest's events what is of use here. */
interface TestEvent {
  readonly name: string;
  readonly test?: { readonly errors: unknown[] };
}

/**
 * Where the tests of the fault matrix run: looks after each test, and at the end of each file, that nothing is left (fault-watch.ts). A new file cannot forget it,
 * and its own hooks, which clear up, have run by then.
 */
export default class FaultEnvironment extends QuickEnvironment {
  readonly #temporary = process.env['TMPDIR'];
  readonly #watch: Promise<FaultWatch>;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.#watch = importWatch().then(({ FaultWatch }) => new FaultWatch());
    // Whoever awaits it is told.
    this.#watch.catch(() => undefined);
  }

  override async setup(): Promise<void> {
    await super.setup();
    const { folder } = await this.#watch;
    process.env['TMPDIR'] = folder;
    this.global.process.env['TMPDIR'] = folder;
  }

  async handleTestEvent(event: TestEvent, state: { readonly unhandledErrors: unknown[] }): Promise<void> {
    const watch = await this.#watch;
    if (event.name === 'test_start') watch.testBegins();
    else if (event.name === 'test_done') await blame(event.test?.errors ?? [], watch.testEnds());
    else if (event.name === 'run_finish') await blame(state.unhandledErrors, watch.fileEnds());
  }

  override async teardown(): Promise<void> {
    if (this.#temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = this.#temporary;
    (await this.#watch).close();
    await super.teardown();
  }
}

/** A failure becomes one of the test, or of the file. */
async function blame(errors: unknown[], check: Promise<void>): Promise<void> {
  try {
    await check;
  } catch (error) {
    errors.push(error);
  }
}

/** Jest compiles the environment itself, but does not know that `./x.js` is made from `./x.ts`. */
async function importWatch(): Promise<{ readonly FaultWatch: new () => FaultWatch }> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const ours = context.parentURL?.includes('/node_modules/') !== true && /^\.{1,2}\/.*\.js$/.test(specifier);
      return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context);
    },
  });
  try {
    return await import('./fault-watch.js');
  } finally {
    hooks.deregister();
  }
}
