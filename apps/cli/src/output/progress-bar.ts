import type { Clock, Stage } from '#contracts';
import type { NamespaceProgress } from '#engine';
import type { Progress, RunObserver } from '#pipeline';
import { formatBytes, formatCount, plural, printable } from './format.js';

const drawEveryMs = 100;
const width = 24;
/** A longer name would break the line. */
const longestName = 40;

const stageTexts: Partial<Record<Stage, string>> = {
  probe: 'Looking',
  dump: 'Backing up',
  manifest: 'Sealing the manifest',
  commit: 'Committing',
  verify: 'Verifying',
  plan: 'Checking the target',
  load: 'Restoring',
  index: 'Building indexes',
  rename: 'Renaming into place',
  output: 'Writing',
};

/** One line on a terminal that shows stage, part done, rate and rest; redrawn at most ten times a second, gone when the run ends. */
export class ProgressBar implements RunObserver {
  #stage = '';
  #progress: Progress = {};
  #started: number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(
    private readonly write: (text: string) => void,
    private readonly clock: Clock,
    private readonly warn: (text: string) => void,
  ) {
    this.#started = clock.monotonicMs();
  }

  stage(stage: Stage): void {
    this.#stage = stageTexts[stage] ?? stage;
    this.#progress = {};
    this.#started = this.clock.monotonicMs();
    this.#draw(true);
  }

  progress(progress: Progress): void {
    this.#progress = { ...this.#progress, ...progress };
    this.#draw(false);
  }

  warning(text: string): void {
    this.clear();
    this.warn(text);
  }

  /** Takes the line away, so that other text can be written. */
  clear(): void {
    if (this.#drawn) this.write('\r\u001B[2K');
    this.#drawn = false;
  }

  #draw(now: boolean): void {
    const time = this.clock.monotonicMs();
    if (!now && time - this.#drawnAt < drawEveryMs) return;
    this.#drawnAt = time;
    this.#drawn = true;
    this.write(`\r\u001B[2K${this.#line(time)}`);
  }

  #line(time: number): string {
    const { archiveBytes, storedBytes, documents, expectedBytes, namespaces } = this.#progress;
    const done = archiveBytes ?? storedBytes;
    const where = namespaces === undefined ? [] : describeNamespaces(namespaces());
    if (done === undefined) {
      const counted = documents === undefined ? [] : [plural(documents, 'document')];
      return [`${this.#stage} …`, [...counted, ...where].join(', ')].join('  ').trimEnd();
    }
    const perSecond = done / Math.max((time - this.#started) / 1000, 0.001);
    const parts = [formatBytes(done), `${formatBytes(perSecond)}/s`];
    if (documents !== undefined) parts.push(`${formatCount(documents)} documents`);
    if (archiveBytes !== undefined && storedBytes !== undefined) parts.push(`${formatBytes(storedBytes)} stored`);
    parts.push(...where);
    if (!expectedBytes) return `${this.#stage}  ${parts.join(', ')}`;
    const share = Math.min(done / expectedBytes, 1);
    const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░');
    return `${this.#stage}  ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${parts.join(', ')}`;
  }
}

/** How many are there, and the one that is furthest of those under way. */
function describeNamespaces(namespaces: readonly NamespaceProgress[]): string[] {
  const done = namespaces.filter((one) => one.done).length;
  const [current] = namespaces
    .filter((one) => !one.done && one.documents > 0)
    .sort((a, b) => b.documents - a.documents);
  const name = current === undefined ? '' : printable(`${current.db}.${current.collection}`);
  const short = name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
  return [
    `${formatCount(done)} of ${plural(namespaces.length, 'namespace')}`,
    ...(current === undefined ? [] : [`${short} ${formatCount(current.documents)}`]),
  ];
}
