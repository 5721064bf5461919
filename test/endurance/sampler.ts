import { judgeMemory } from './model/process-rules.js';
import { pause } from './pause.js';
import { slotsOf, type World } from './world.js';

const everyMs = 1_000;
/** Looks between two notes of the memory in the timeline. */
const notedEvery = 10;

/** Looks at records and processes again and again, and lets the model judge. */
export class Sampler {
  looks = 0;
  mostBytes = 0;
  #over = false;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly world: World) {}

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async look(): Promise<void> {
    const { catalogue, model, timeline } = this.world;
    const asOf = Date.now();
    const first = await catalogue.records();
    const tasks = new Set((await catalogue.tasks()).map(({ taskId }) => taskId));
    model.look(first, await catalogue.records(), asOf);
    model.judge(model.promises.checkTasks(tasks, asOf));
    const held: string[] = [];
    for (const slot of slotsOf(this.world, 'worker')) {
      const bytes = slot.residentBytes() ?? 0;
      held.push(`${slot.name} ${Math.round(bytes / 1024 / 1024)} MiB`);
      this.mostBytes = Math.max(this.mostBytes, bytes);
      model.judge(judgeMemory(slot.name, bytes));
    }
    if (this.looks % notedEvery === 0) timeline.note(`memory: ${held.join(', ')}`);
    this.looks += 1;
  }

  async #loop(): Promise<void> {
    while (!this.#over) {
      await this.look().catch((error: unknown) => {
        this.world.model.tell({ rule: 'unexpected', text: `the harness could not look: ${String(error)}` });
      });
      await pause(everyMs);
    }
  }
}
