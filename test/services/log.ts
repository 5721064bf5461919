/** Tells the person in front of the terminal what happens. */
export type Log = (text: string) => void;

/** Standard output belongs to what a command prints (`services env`), messages go to standard error. */
export const logToStderr: Log = (text) => {
  process.stderr.write(`services: ${text}\n`);
};

export function secondsSince(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** Says that something long begins, that it is still going every 20 s, and how long it took. */
export async function announced<T>(log: Log, text: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  log(`${text} …`);
  const beat = setInterval(() => {
    log(`${text}: still going after ${secondsSince(started)}`);
  }, 20_000);
  try {
    const result = await work();
    log(`${text}: done in ${secondsSince(started)}`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
