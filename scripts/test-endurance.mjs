// npm run test:endurance [-- --seed N --minutes M]: a whole installation, used and broken at random (test/endurance/main.ts; docs/reliability.md).
import { ensureBuilt, run } from './bootstrap.mjs';

await ensureBuilt();
process.exitCode = await run('node', ['dist/test/endurance/main.js', ...process.argv.slice(2)]);
