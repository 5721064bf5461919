import { openCache, sweepTemporary, type Environment } from './cache.js';
import { withLock } from './file-lock.js';
import { endInstance, sharedInstance, sweepInstances } from './instance.js';
import { logToStderr, secondsSince, type Log } from './log.js';

/** Ends the shared set with its data, and what dead test runs left; sets of live test runs go on. */
export async function stopServices(
  options: { readonly log?: Log; readonly env?: Environment } = {},
): Promise<{ readonly stopped: number }> {
  const { log = logToStderr, env = process.env } = options;
  const cache = openCache(env);
  const started = Date.now();
  const ended = await withLock(cache, 'shared-set', log, async () => [
    ...(await endInstance(sharedInstance(cache))),
    ...(await sweepInstances(cache)),
  ]);
  sweepTemporary(cache);
  if (ended.length === 0) log('nothing was running');
  else log(`stopped ${ended.map(({ name, pid }) => `${name} (${pid})`).join(', ')} in ${secondsSince(started)}`);
  return { stopped: ended.length };
}
