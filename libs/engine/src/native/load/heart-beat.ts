import { AppError } from '#contracts';
import type { OwnedPlan } from './plan-store.js';

/**
 * Raises the beat of a plan until `stop()`, one beat at a time, however long the server takes over it. Calls `onLost` once when the plan turns out to be
 * somebody else's.
 */
export class HeartBeat {
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;

  constructor(
    private readonly plan: Pick<OwnedPlan, 'assertOwned' | 'beforeRemoval'>,
    private readonly beatMs: number,
    private readonly onLost: (error: AppError) => void,
  ) {}

  start(): void {
    this.plan.beforeRemoval = () => this.stop();
    this.timer = setInterval(() => {
      // On a slow server the next one is due before this one was answered: `stop()` must wait for all that are on their way, so there is one.
      this.beating ??= this.beat().finally(() => {
        this.beating = undefined;
      });
    }, this.beatMs);
    this.timer.unref();
  }

  /** Resolves when no beat is on its way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }

  private async beat(): Promise<void> {
    try {
      await this.plan.assertOwned();
    } catch (error) {
      // A beat that did not get through is no loss: the next one may, and every step that counts asks again.
      if (!(error instanceof AppError)) return;
      clearInterval(this.timer);
      this.onLost(error);
    }
  }
}
