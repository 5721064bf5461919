// npm run bench: the benchmarks against peers (bench/README.md).
import { ensureBuilt, run } from './bootstrap.mjs';

await ensureBuilt();
process.exitCode = await run('node', ['dist/bench/main.js', ...process.argv.slice(2)]);
