import { systemCode } from './error-code.js';

/**
 * Sends a signal to a process group, which its leader names. Nobody is left in it: that is what was wanted. Its leader has become another user (sudo), whom we may not end:
 * nothing can be done, and thrown from a timer or at the exit it would end this process instead. Throws for anything else.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  }
}
