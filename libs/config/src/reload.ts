import { AppError } from '#contracts';
import { changeOf, liveConfig, type ConfigChange } from './live-config.js';

/** What of a configuration a reload replaces; everything else is read at the start alone. */
interface Reloadable {
  readonly targets: readonly { readonly name: string }[];
  readonly restoreTargets: readonly { readonly name: string }[];
  readonly destinations: readonly { readonly name: string }[];
  readonly keys?: unknown;
}

export interface ReloadOutcome {
  readonly targets: ConfigChange;
  readonly restoreTargets: ConfigChange;
  readonly destinations: ConfigChange;
}

/**
 * Reads the configuration again while the process runs. What is wrong keeps the old one in force, and stays to be seen (`trouble`) until a reload succeeds. Runs that
 * are under way keep what they began with.
 */
export class Reload<T extends Reloadable> {
  /** For everybody who reads the configuration. */
  readonly config: T;
  readonly #replace: (next: T) => void;
  /** What is in force. */
  #current: T;
  #running: Promise<unknown> = Promise.resolve();
  #trouble: AppError | null = null;

  constructor(
    first: T,
    private readonly load: () => Promise<T>,
  ) {
    const live = liveConfig<T, keyof T>(first, [
      'targets',
      'restoreTargets',
      'destinations',
      ...('keys' in first ? ['keys' as const] : []),
    ]);
    this.config = live.config;
    this.#current = first;
    this.#replace = (next) => live.replace(next);
  }

  /** Why the newest reload changed nothing; null: what is in force is what is configured. */
  get trouble(): AppError | null {
    return this.#trouble;
  }

  /**
   * One after the other. `adopt` takes what must be tried before anything is replaced, and may refuse it. `settle` makes what follows from the new configuration, which
   * is in force by then, and takes its own steps back when it throws: then the old one is in force again. Throws `config/invalid` and what the two throw.
   */
  run(
    adopt: (next: T) => Promise<void> = () => Promise.resolve(),
    settle: () => void = () => undefined,
  ): Promise<ReloadOutcome> {
    const running = this.#running.then(() => this.#run(adopt, settle));
    this.#running = running.catch(() => undefined);
    return running;
  }

  async #run(adopt: (next: T) => Promise<void>, settle: () => void): Promise<ReloadOutcome> {
    try {
      const next = await this.load();
      await adopt(next);
      const { targets, restoreTargets, destinations } = this.config;
      const outcome = {
        targets: changeOf(targets, next.targets),
        restoreTargets: changeOf(restoreTargets, next.restoreTargets),
        destinations: changeOf(destinations, next.destinations),
      };
      this.#replace(next);
      try {
        settle();
      } catch (error) {
        this.#replace(this.#current);
        throw error;
      }
      this.#current = next;
      this.#trouble = null;
      return outcome;
    } catch (thrown) {
      this.#trouble = AppError.from(thrown, 'config');
      throw this.#trouble;
    }
  }
}
