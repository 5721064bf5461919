import { aptInstall } from '../services/apt-install.js';
import { openCache, type Environment } from '../services/cache.js';
import { findProgram } from '../services/find-program.js';
import { logToStderr } from '../services/log.js';
import { ServiceError } from '../services/service-error.js';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium of this machine; Debian's package where there is none and root may install it. Undefined, with the reason told, where there is no way. */
export async function findBrowser(env: Environment): Promise<string | undefined> {
  const found = onPath(env);
  if (found !== undefined) return found;
  try {
    await aptInstall(openCache(env), 'chromium', 'a PATH with chromium on it', env, logToStderr);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    logToStderr(`no browser, so the pages are not looked at: ${error.message}`);
    return undefined;
  }
  return onPath({ PATH: '/usr/bin' });
}

function onPath(env: Environment): string | undefined {
  return names.map((name) => findProgram(name, env)).find((path) => path !== undefined);
}
