import type { BackupState } from '#contracts';
import type { Role } from '../../support/api-client.js';
import type { Answer } from '../admin-api.js';
import type { Choices } from '../choices.js';
import type { RecordView } from '../model/record-view.js';
import type { World } from '../world.js';

/** Something that people do. */
export interface Action {
  readonly name: string;
  readonly weight: number;
  run(world: World, choices: Choices): Promise<void>;
}

export interface Wish {
  readonly role: Role;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Statuses that make sense here; 503 and 429 always do. */
  readonly expected: readonly number[];
  /** The backup that it is about. */
  readonly about?: string;
}

/** Asks one of the replicas that run, notes it, and judges whether the status makes sense. */
export async function ask(world: World, choices: Choices, wish: Wish): Promise<Answer | undefined> {
  const { api, timeline, model } = world;
  const slot = choices.pick(api.replicas);
  const up = slot?.state === 'up' ? slot : api.replicas.find(({ state }) => state === 'up');
  if (up === undefined) return undefined;
  const { role, method, path, body, expected, about } = wish;
  const answer = await api.ask(up, role, method, path, body);
  const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  const problem = answer !== undefined && answer.status >= 400 ? ` ${String(answer.body['type'])}` : '';
  const id = typeof answer?.body['backupId'] === 'string' ? answer.body['backupId'] : about;
  timeline.note(
    `action ${up.name} ${method} ${path}${sent}: ${answer?.status ?? 'no reply'}${problem}${id === about ? '' : ` ${id ?? ''}`}`,
    id,
  );
  if (answer !== undefined && ![...expected, 429, 503].includes(answer.status) && answer.status < 500)
    model.tell({
      rule: 'reply',
      text: `${method} ${path}${sent}: ${answer.status} ${JSON.stringify(answer.body)}`,
      ...(id === undefined ? {} : { backupId: id }),
    });
  return answer;
}

/** One of the records of the last look; newer ones twice as likely. */
export function pickRecord(
  { model }: World,
  choices: Choices,
  states: readonly BackupState[],
  fits: (record: RecordView) => boolean = () => true,
): RecordView | undefined {
  const some = model.records.filter((record) => states.includes(record.status) && fits(record));
  const newer = some.slice(-Math.ceil(some.length / 2));
  return choices.pick([...some, ...newer]);
}
