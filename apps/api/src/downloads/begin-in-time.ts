import type { Readable } from 'node:stream';
import { beforeDeadline, type Deadline } from '../http/deadline.js';

/**
 * A stream whose first bytes are there (or its end), so that a reply has not begun before anybody knows that it can. At the deadline `request/timeout`, whether
 * what hangs (a network file system) sees its signal or not; what opens later is closed.
 */
export async function beginInTime(open: () => Promise<Readable>, deadline: Deadline): Promise<Readable> {
  let opened: Readable | undefined;
  const begun = open().then(async (body) => {
    opened = body;
    await firstBytes(body);
    return body;
  });
  try {
    return await beforeDeadline(deadline, begun);
  } catch (error) {
    opened?.destroy();
    begun.then((body) => body.destroy()).catch(() => undefined);
    throw error;
  }
}

function firstBytes(body: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: what fails between this and the pipeline must not end the process.
    body.on('error', reject);
    const done = (): void => {
      body.off('readable', done).off('close', done);
      resolve();
    };
    // `readable` comes at the end as well.
    body.on('readable', done).on('close', done);
  });
}
