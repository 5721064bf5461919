import { writeSync } from 'node:fs';

/** Of standard output; its number is the same in every process. */
const descriptor = 1;
let isBroken: boolean | undefined;

/**
 * Writes a line of a service's log. A log that takes none (its disk is full, its reader has gone) stops no service: without a listener the stream's error would end
 * the process. The stream is over with its first error; what lies behind it is asked again with each line, and takes them when there is room again.
 */
export function toStandardOutput(line: string): void {
  if (isBroken === undefined) {
    isBroken = false;
    process.stdout.on('error', () => (isBroken = true));
  }
  if (!isBroken) {
    process.stdout.write(line);
    return;
  }
  try {
    writeSync(descriptor, line);
  } catch {
    // Lost: there is nobody left to tell.
  }
}
