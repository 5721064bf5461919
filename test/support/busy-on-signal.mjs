// Loaded into a service by `--import`: at SIGUSR2 its event loop does nothing else for as many milliseconds as the address says (`?ms=8000`), as a computation does.
import { performance } from 'node:perf_hooks';

const ms = Number(new URL(import.meta.url).searchParams.get('ms'));

process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ msg: 'busy', ms })}\n`);
  const until = performance.now() + ms;
  while (performance.now() < until);
});
