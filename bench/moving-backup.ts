import type { Catalog, ClaimRef } from '#catalog';
import { waitUntil } from '../test/services/wait-until.js';
import type { Listeners } from './load-listeners.js';

const everyMs = 1_000;

/** A backup that makes progress once a second, so that listeners have something to hear. Its beat is written as well, or the API takes it for lost after two minutes. */
export class MovingBackup {
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly catalog: Catalog,
    private readonly ref: ClaimRef,
  ) {
    this.#timer = setInterval(() => void this.#move(), everyMs);
  }

  static async start(catalog: Catalog, backupId: string): Promise<MovingBackup> {
    const now = new Date();
    await catalog.backups.insert({
      ...{ backupId, target: 'moving', trigger: 'manual', slot: null, correlationId: 'bench-load', createdAt: now },
      ...{ label: null, pinned: false, jobNumber: 1 },
    });
    const record = await catalog.backups.claim(backupId, 'bench/1/a', now);
    return new MovingBackup(catalog, { id: backupId, fence: record?.claim.fence ?? 0 });
  }

  /** Stops moving; how many listeners saw the last state in time. */
  async seenBy(listeners: Listeners): Promise<number> {
    await this.stop();
    const all = (): boolean => listeners.reached(this.#bytes) === listeners.count;
    await waitUntil(all, { what: 'the last state at every listener', timeoutMs: 10_000 }).catch(() => undefined);
    return listeners.reached(this.#bytes);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  async #move(): Promise<void> {
    this.#bytes += 1;
    // What it could not write nobody can have heard: `seenBy` tells.
    const { backups } = this.catalog;
    const moved = backups.progress(this.ref, {
      ...{ stage: 'dump', archiveBytes: this.#bytes, storedBytes: 1, documents: 1, estimatedBytes: null },
      ...{ bytesPerSecond: 1, updatedAt: new Date() },
    });
    const written = Promise.all([moved, backups.beat(this.ref)]);
    this.#writing = written.catch(() => undefined);
    await this.#writing;
  }
}
