import { afterRun } from './after-run.js';
import { settleAlerts } from './alert-states.js';
import { settleDrillAlerts } from './drill-alerts.js';
import { Reaper } from './reaper.js';
import { Reconciler } from './reconciler.js';
import { Look, type UpkeepReport } from './report.js';
import { settleRestoreAlerts } from './restore-alerts.js';
import type { UpkeepOptions } from './upkeep-options.js';

/**
 * Keeps the catalogue's promises: nothing stays in progress without an owner, nothing pending without a job. Runs in every worker and API.
 * Neither Nest nor a queue library: the caller has the timers and the log.
 */
export class Upkeep {
  readonly reaper: Reaper;
  readonly reconciler: Reconciler;
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.reaper = new Reaper(options);
    this.reconciler = new Reconciler(options);
  }

  /** For whoever ended a backup of the target, or superseded a slot of it: its place, its verification, its alert. The reconciler does what this could not. */
  async afterRun(target: string): Promise<UpkeepReport> {
    const look = new Look(this.#options.jobs);
    await afterRun(this.#options, look, target);
    return look.report();
  }

  /** For whoever ended a restore: its alert. */
  async afterRestore(): Promise<UpkeepReport> {
    const look = new Look(this.#options.jobs);
    await look.step(() => settleRestoreAlerts(this.#options, look));
    return look.report();
  }

  /** For whoever ended a drill: its alert. */
  async afterDrill(): Promise<UpkeepReport> {
    const look = new Look(this.#options.jobs);
    await look.step(() => settleDrillAlerts(this.#options, look));
    return look.report();
  }

  /** For whoever noted a verification's outcome (`BackupRepository.verified`): its alert. */
  async afterVerification(): Promise<UpkeepReport> {
    const look = new Look(this.#options.jobs);
    await look.step(() => settleAlerts(this.#options, look));
    return look.report();
  }
}
