#!/usr/bin/env node
// Stands in for mongodump and mongorestore, and misbehaves as behaviour.json beside it says: {archive, behaviour, after}. Instead of the file `archive` it
// gives `repeated` ({head, run, times, tail}: files, of which `run` comes so many times): an archive of any size.
import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const {
  archive,
  repeated,
  behaviour = 'good',
  after = 100_000,
  signal = 'SIGKILL',
  version = '100.9.9',
} = JSON.parse(readFileSync(join(folder, 'behaviour.json'), 'utf8'));
if (process.argv.includes('--version')) {
  process.stdout.write(`tool version: ${version}\n`);
  process.exit(0);
}
// What a neighbour on the machine could see of us.
writeFileSync(
  join(folder, 'seen.json'),
  JSON.stringify({
    pid: process.pid,
    argv: process.argv,
    environ: readFileSync('/proc/self/environ', 'utf8'),
    cmdline: readFileSync('/proc/self/cmdline', 'utf8'),
    config: process.argv
      .flatMap((arg) => (arg.startsWith('--config=') ? [readFileSync(arg.slice(9), 'utf8')] : []))
      .join(),
    tmp: existsSync(join(folder, 'tmp')) ? readdirSync(join(folder, 'tmp')) : [],
  }),
);
const forever = () => setInterval(() => undefined, 1_000_000);
const bytes = archive === undefined ? Buffer.alloc(0) : readFileSync(archive);
const say = (text) => void writeSync(2, text);

switch (behaviour) {
  case 'good':
    if (repeated === undefined) createReadStream(archive).pipe(process.stdout);
    else await give(pieces(repeated), Infinity);
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
    process.kill(process.pid, signal);
    forever();
    break;
  case 'cut':
    writeSync(1, bytes.subarray(0, after));
    break;
  case 'floods':
    for (let sent = 0; sent < 50; sent += 1) say(`${'x'.repeat(1024 * 1024 - 1)}\n`);
    writeSync(1, bytes);
    break;
  case 'hangs':
    if (repeated === undefined) writeSync(1, bytes.subarray(0, after));
    else await give(pieces(repeated), after);
    forever();
    break;
  case 'ignores-term':
    process.on('SIGTERM', () => undefined);
    writeSync(1, bytes.subarray(0, after));
    forever();
    break;
  case 'restores':
    process.stdin.resume();
    process.stdin.on('end', () =>
      say(
        'finished restoring `a.b` (3 documents, 0 failures)\n3 document(s) restored successfully. 0 document(s) failed to restore.\n',
      ),
    );
    break;
  case 'restores-with-failures':
    process.stdin.resume();
    process.stdin.on('end', () => say('2 document(s) restored successfully. 5 document(s) failed to restore.\n'));
    break;
  case 'says-nothing':
    process.stdin.resume();
    break;
  default:
    throw new Error(`unknown behaviour ${behaviour}`);
}

async function give(all, most) {
  let given = 0;
  for (const piece of all) {
    if (given >= most) return;
    given += piece.length;
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

function* pieces({ head, run, times, tail }) {
  yield readFileSync(head);
  const again = readFileSync(run);
  for (let at = 0; at < times; at += 1) yield again;
  yield readFileSync(tail);
}
