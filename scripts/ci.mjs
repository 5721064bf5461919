// .ci/run: what a change must pass before it lands, on a fresh machine. npm test always; then each longer suite that will end within the budget, by what npm test
// took on this very machine. What is left out is said. The last line is the sum of all: `N passed, N failed[, N skipped]`.
import { spawn } from 'node:child_process';
import { root, say } from './bootstrap.mjs';
import { estimateMs, fits, longSuites, readCounts } from './ci-plan.mjs';
import { totalLine } from './run-jest.mjs';

const started = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const leftOut = [];

const testMs = await suite('npm test', ['test']);
for (const { name, args, ...cost } of longSuites) {
  const elapsedMs = Date.now() - started;
  // What npm test refuses needs no further proof, and its time says nothing.
  if (total.failed > 0) break;
  if (fits(cost, { elapsedMs, testMs })) await suite(name, ['run', name, '--', ...args]);
  else {
    // In the counts as well: nobody reads what lies above the last line.
    total.skipped += 1;
    leftOut.push(
      `${[name, ...args].join(' ')} (about ${minutes(estimateMs(cost, testMs))}, ${minutes(cost.untilMs - elapsedMs)} were left)`,
    );
  }
}
if (leftOut.length > 0) say(`left out on this machine, for npm test took ${minutes(testMs)}: ${leftOut.join(', ')}`);
process.stdout.write(totalLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** Runs npm with these arguments, passes its output on, adds its counts; resolves to the milliseconds it took. */
async function suite(name, args) {
  const from = Date.now();
  const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    tail = (tail + text).slice(-2_000);
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, end);
  // A suite without counts is one test; one that failed without a failed test is a failed one.
  const counts = readCounts(tail) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  for (const kind of Object.keys(total)) total[kind] += counts[kind];
  if (code !== 0 && counts.failed === 0) total.failed += 1;
  const took = Date.now() - from;
  say(`${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${minutes(took)}`);
  return took;
}

function minutes(ms) {
  return `${(Math.max(0, ms) / 60_000).toFixed(1)} min`;
}
