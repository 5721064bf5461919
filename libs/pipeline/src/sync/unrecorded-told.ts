import type { Adoption } from './adopt-copies.js';

/** Of each kind, of each destination; the others are counted. */
const mostListed = 20;

/** What is told of the backups of one destination that had no record. */
export class UnrecordedTold {
  readonly #adopted: string[] = [];
  readonly #left: string[] = [];

  constructor(private readonly name: string) {}

  add(backupId: string, outcome: Adoption): void {
    if (outcome === 'adopted') this.#adopted.push(backupId);
    else if (outcome === 'left') this.#left.push(this.#toBeBroughtHome(backupId));
    else if (outcome !== 'known') this.#left.push(outcome.told);
  }

  lines(): readonly string[] {
    const { name } = this;
    return [
      ...listed(
        this.#adopted.map((id) => `${id} stands in ${name} alone, and is a copy of it again`),
        (more) => `${name} holds ${more} more that are copies of it again`,
      ),
      ...(this.#adopted.length === 0
        ? []
        : [
            `${name} keeps them by its own retention. To have one in the primary store again: ${this.#broughtHome('ID')}`,
          ]),
      ...listed(this.#left, (more) => `${name} holds ${more} more without a record`),
    ];
  }

  #toBeBroughtHome(id: string): string {
    return `${id} stands in ${this.name} and has no record: ${this.#broughtHome(id)}`;
  }

  #broughtHome(id: string): string {
    return `hazina destinations copy ${id} --from ${this.name}, then sync again`;
  }
}

function listed(lines: readonly string[], others: (count: number) => string): readonly string[] {
  const more = lines.length - mostListed;
  return more > 0 ? [...lines.slice(0, mostListed), others(more)] : lines;
}
