// npm run services -- start|stop|env|status: real MongoDB, Redis and S3 for tests and for trying things out.
import { ensureBuilt, run } from './bootstrap.mjs';

await ensureBuilt();
process.exitCode = await run('node', ['dist/test/services/main.js', ...process.argv.slice(2)]);
