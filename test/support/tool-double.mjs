#!/usr/bin/env node
// Stands in for mongodump and mongorestore, and misbehaves as behaviour.json beside it says: {archive, behaviour, after, …}. Instead of the file `archive` it may
// give `repeated` ({head, run, times, tail}: files, of which `run` comes so many times): an archive of any size.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const folder = dirname(self);
const told = JSON.parse(readFileSync(join(folder, 'behaviour.json'), 'utf8'));
const { archive, repeated, behaviour = 'good', after = 100_000, version = '100.9.9' } = told;
const forever = () => setInterval(() => undefined, 1_000_000);
const say = (text) => void writeSync(2, text);

if (process.argv.includes('--version')) {
  // Somebody else holds the pipe, and never lets go of it.
  if (told.version === 'hangs') {
    spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e6)'], { stdio: ['ignore', 'inherit', 'inherit'] });
    forever();
  } else {
    process.stdout.write(`tool version: ${version}\n`);
    // Found, and then nothing that can be started.
    if (told.vanishes === true) {
      rmSync(self);
      symlinkSync(self, self);
    }
  }
} else run();

function run() {
  const child = told.spawns === true ? spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'inherit'] }) : undefined;
  // What a neighbour on the machine could see of us.
  writeFileSync(
    join(folder, 'seen.json'),
    JSON.stringify({
      pid: process.pid,
      child: child?.pid ?? null,
      argv: process.argv,
      environ: readFileSync('/proc/self/environ', 'utf8'),
      cmdline: readFileSync('/proc/self/cmdline', 'utf8'),
      config: process.argv
        .flatMap((arg) => (arg.startsWith('--config=') ? [readFileSync(arg.slice(9), 'utf8')] : []))
        .join(),
      tmp: existsSync(join(folder, 'tmp')) ? readdirSync(join(folder, 'tmp')) : [],
    }),
  );
  if (behaviour === 'restore') restore(told);
  else void dump();
}

async function dump() {
  const bytes = archive === undefined ? Buffer.alloc(0) : readFileSync(archive);
  switch (behaviour) {
    case 'good':
      if (repeated === undefined) createReadStream(archive).pipe(process.stdout);
      else await give(Infinity);
      break;
    case 'empty':
      break;
    case 'fails-after-all':
      writeSync(1, bytes);
      say('2026-01-01T00:00:00.000+0000\tFailed: error reading from db: mongodb://user:canary-password@host/db\n');
      process.exitCode = 1;
      break;
    case 'killed':
      writeSync(1, bytes.subarray(0, after));
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'killed-after-all':
      writeSync(1, bytes);
      process.kill(process.pid, 'SIGKILL');
      break;
    // Takes ever more memory from SIGUSR2 on, until somebody stops it.
    case 'grows': {
      const taken = [];
      process.on('SIGUSR2', () => setInterval(() => taken.push(Buffer.alloc(8 * 2 ** 20, 1)), 1));
      writeSync(1, bytes.subarray(0, after));
      forever();
      break;
    }
    // The dump takes its worker along, as one that eats all memory does.
    case 'kills-parent':
      process.kill(process.ppid, 'SIGKILL');
      forever();
      break;
    case 'cut':
      writeSync(1, bytes.subarray(0, after));
      break;
    case 'floods':
      for (let sent = 0; sent < 50; sent += 1) say(`${'x'.repeat(1024 * 1024 - 1)}\n`);
      writeSync(1, bytes);
      break;
    // As one that tells its URI again and again, and why it ends at last.
    case 'floods-and-fails':
      for (let sent = 0; sent < 50_000; sent += 1)
        say(`retry ${sent} of mongodb://user:canary-password@host/db ${'x'.repeat(960)}\n`);
      say('Failed: the last words\n');
      process.exitCode = 1;
      break;
    case 'hangs':
      if (repeated === undefined) writeSync(1, bytes.subarray(0, after));
      else await give(after);
      forever();
      break;
    case 'hangs-after-all':
      writeSync(1, bytes);
      process.stdout.end();
      forever();
      break;
    case 'ignores-term':
      process.on('SIGTERM', () => undefined);
      writeSync(1, bytes.subarray(0, after));
      forever();
      break;
    default:
      throw new Error(`unknown behaviour ${behaviour}`);
  }
}

/**
 * Takes `reads` bytes of its input (default: all), says `says`, and ends with `exit`: a code, a signal to die by, `hangs` or `ignores-term`.
 * While it hangs it says `repeats` again and again.
 */
function restore({ reads = Infinity, begins = [], says = [], exit = 0, repeats = undefined }) {
  if (exit === 'ignores-term') process.on('SIGTERM', () => undefined);
  const sayLine = (line) => say(`${new Date().toISOString().replace('Z', '+0000')}\t${line}\n`);
  begins.forEach(sayLine);
  const piece = Buffer.alloc(64 * 1024);
  for (let taken = 0; taken < (reads ?? Infinity);) {
    const got = readSync(0, piece, 0, Math.min(piece.length, (reads ?? Infinity) - taken), null);
    if (got === 0) break;
    taken += got;
  }
  says.forEach(sayLine);
  writeFileSync(join(folder, 'said.json'), '{}');
  if (typeof exit === 'number') process.exit(exit);
  if (exit.startsWith('SIG')) process.kill(process.pid, exit);
  forever();
  if (repeats !== undefined) setInterval(() => sayLine(repeats), 20);
}

async function give(most) {
  let given = 0;
  for (const piece of pieces()) {
    if (given >= most) return;
    given += piece.length;
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

function* pieces() {
  const { head, run, times, tail } = repeated;
  yield readFileSync(head);
  const again = readFileSync(run);
  for (let at = 0; at < times; at += 1) yield again;
  yield readFileSync(tail);
}
