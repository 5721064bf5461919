import { spawn } from 'node:child_process';

/** Waits until nobody holds the other end of its input any more, and ends a process group. */
const script = 'read -r _; kill -s KILL -- "-$1"';

/**
 * Ends a process group when this process dies in a way that leaves it no last word (kill -9, out of memory): a dump whose pipe broke would notice at its next
 * byte, and one that hangs never. A tiny shell watches over it, whose input ends with us. Returns the way to end the watch, for when the group is gone.
 */
export function endWithUs(group: number): () => void {
  const watch = spawn('/bin/sh', ['-c', script, 'sh', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // What ends our own group by a signal must not end the watch first.
    detached: true,
    env: {},
  });
  // Where there is no shell nothing watches: the broken pipe is left.
  watch.on('error', () => undefined);
  watch.stdin.on('error', () => undefined);
  watch.unref();
  return () => void watch.kill('SIGKILL');
}
