import { backupActions } from './actions/backups.js';
import { damageActions } from './actions/damage.js';
import { lookActions } from './actions/looks.js';
import { restoreActions } from './actions/restore.js';
import { serviceRestoreActions } from './actions/service-restore.js';
import { upkeepActions } from './actions/upkeep.js';
import { Choices } from './choices.js';
import { linkFaults } from './faults/links.js';
import { processFaults } from './faults/processes.js';
import { redisFaults } from './faults/redis.js';
import { storeFaults } from './faults/store.js';
import { pause } from './pause.js';
import { type World } from './world.js';

const people = [...backupActions, ...upkeepActions, ...lookActions, ...damageActions];
const actions = [...people, ...restoreActions, ...serviceRestoreActions];
const faults = [...processFaults, ...redisFaults, ...linkFaults, ...storeFaults];
const mostActions = 6;
const mostFaults = 3;

export type Counts = Map<string, number>;

/** Uses the installation and breaks it until the time is over; every fault is ended again then. */
export class Driver {
  readonly done: Counts = new Map();
  readonly broken: Counts = new Map();
  readonly #running = new Set<Promise<void>>();
  #actions = 0;
  #over = false;

  constructor(
    private readonly world: World,
    private readonly seed: number,
  ) {}

  async run(minutes: number): Promise<void> {
    const end = setTimeout(() => (this.#over = true), minutes * 60_000);
    try {
      await Promise.all([this.#act(new Choices(this.seed)), this.#break(new Choices(this.seed + 1)), this.#change()]);
      await Promise.all(this.#running);
    } finally {
      clearTimeout(end);
    }
  }

  async #act(choices: Choices): Promise<void> {
    while (!this.#over) {
      await pause(choices.between(200, 1_200));
      const action = choices.weighted(actions);
      const own = new Choices(choices.below(2 ** 32));
      if (this.#actions >= mostActions) continue;
      count(this.done, action.name);
      this.#actions += 1;
      this.#track(
        action.name,
        action.run(this.world, own).finally(() => (this.#actions -= 1)),
      );
    }
  }

  async #break(choices: Choices): Promise<void> {
    while (!this.#over) {
      await pause(choices.between(500, 5_000));
      const fault = choices.weighted(faults);
      const seconds = choices.between(...fault.seconds);
      const own = new Choices(choices.below(2 ** 32));
      if (this.world.faults.count >= mostFaults) continue;
      this.#track(fault.name, this.#hold(fault, own, seconds));
    }
  }

  async #hold(fault: (typeof faults)[number], choices: Choices, seconds: number): Promise<void> {
    const { faults: active, timeline } = this.world;
    active.begin();
    try {
      const begun = await fault.begin(this.world, choices, seconds);
      if (begun === null) return;
      count(this.broken, fault.name);
      timeline.note(`fault ${begun.what}, for ${seconds} s`);
      await this.#until(seconds * 1000);
      await begun.end();
      timeline.note(`fault over: ${begun.what}`);
    } finally {
      active.end();
    }
  }

  async #change(): Promise<void> {
    while (!this.#over) {
      for (const source of this.world.sources.values()) await source.change();
      await pause(1_500);
    }
  }

  /** At the latest until the run is over. */
  async #until(milliseconds: number): Promise<void> {
    const due = performance.now() + milliseconds;
    while (!this.#over && performance.now() < due) await pause(Math.min(200, Math.max(1, due - performance.now())));
  }

  /** An error of an action or a fault is a defect of this harness, unless a rule says more; it is told like a violation. */
  #track(what: string, run: Promise<void>): void {
    const tracked = run
      .catch((error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.world.model.tell({ rule: 'unexpected', text: `the harness failed: ${what}: ${text}` });
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

function count(counts: Counts, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
