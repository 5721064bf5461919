// npm run quickstart: installs, builds, and runs the main job on real services (test/quickstart/main.ts).
import { ensureBuilt, run } from './bootstrap.mjs';

await ensureBuilt();
process.exitCode = await run('node', ['dist/test/quickstart/main.js']);
