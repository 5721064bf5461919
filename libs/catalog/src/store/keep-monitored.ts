import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mongoose';
import type { Clock } from '#contracts';

/** What is used of the driver's client. */
export type MonitoredClient = Pick<ReturnType<Connection['getClient']>, 'on' | 'off' | 'close' | 'connect'>;

export interface MonitorLimits {
  /** How long one look at a server may take: above the driver's own limits, which end every look that can be ended. */
  readonly silenceMs: number;
  readonly lookMs: number;
}

const begun = 'serverHeartbeatStarted';
const ended = ['serverHeartbeatSucceeded', 'serverHeartbeatFailed', 'serverClosed'] as const;

/**
 * Connects a client anew whose driver has ceased to look at a server. A look that writes to a socket which is closed in the same moment waits for that write
 * for ever (mongodb 7.9: `writeCommand` waits for `drain`, and a destroyed socket emits neither that nor an error). Nobody looks at the server again then, and
 * every call says that there is none until the process ends. Returns what ends this watch.
 */
export function keepMonitored(client: MonitoredClient, clock: Pick<Clock, 'monotonicMs'>, limits: MonitorLimits) {
  const { silenceMs, lookMs } = limits;
  /** By address of the server. */
  const looks = new Map<string, number>();
  const onBegun = ({ address }: { readonly address: string }): void => {
    looks.set(address, clock.monotonicMs());
  };
  const onEnded = ({ address }: { readonly address: string }): void => {
    looks.delete(address);
  };
  client.on(begun, onBegun);
  for (const event of ended) client.on(event, onEnded);

  /** It was stuck at the look before: a process that stood still is given the time to find out by itself. */
  let suspected = false;
  let isOff = false;
  let isBusy = false;
  const over = new AbortController();
  const isOver = (): boolean => over.signal.aborted;
  const reconnect = async (): Promise<void> => {
    isOff = true;
    looks.clear();
    // Sessions are ended over the network: what does not answer is not waited for.
    await Promise.race([client.close(), delay(silenceMs, undefined, { ref: false })]);
    if (isOver()) return;
    await client.connect();
    isOff = false;
    // The catalogue was closed meanwhile.
    if (isOver()) await client.close();
  };
  const look = (): void => {
    const isStuck = [...looks.values()].some((since) => clock.monotonicMs() - since > silenceMs);
    const isDue = isOff || (isStuck && suspected);
    suspected = isStuck;
    if (!isDue || isBusy) return;
    isBusy = true;
    // Where it fails every call says that no server is reached, and the next look tries again.
    void reconnect()
      .catch(() => undefined)
      .finally(() => {
        isBusy = false;
      });
  };
  const timer = setInterval(look, lookMs);
  timer.unref();
  return (): void => {
    over.abort();
    clearInterval(timer);
    client.off(begun, onBegun);
    for (const event of ended) client.off(event, onEnded);
  };
}
