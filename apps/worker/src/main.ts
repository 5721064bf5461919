import { fail, runWorker } from './run-worker.js';

// node dist/bundle/worker/main.js: configured by the environment alone.
runWorker().catch((error: unknown) => fail(error));
