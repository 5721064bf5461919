import type { Db, Document } from 'mongodb';
import { viewOf, type RecordView } from './model/record-view.js';
import type { TaskView } from './model/rest-rules.js';

/** The catalogue's own collections, past the product and every proxy. */
export class Catalogue {
  constructor(private readonly db: Db) {}

  async records(): Promise<RecordView[]> {
    return (await this.db.collection('backups').find().toArray()).map(viewOf);
  }

  /** Verifications, cleanups and restores. */
  async tasks(): Promise<TaskView[]> {
    const tasks = await this.db.collection('tasks').find().toArray();
    const restores = await this.db.collection('restores').find().toArray();
    return [...tasks.map((task) => taskOf(task, 'taskId')), ...restores.map((restore) => taskOf(restore, 'restoreId'))];
  }

  /** A backup that was made days ago, so that retention has something to decide. */
  async age(backupId: string, days: number): Promise<void> {
    const backup = await this.db.collection('backups').findOne({ backupId, status: 'completed' });
    if (backup === null) return;
    const completedAt = new Date((backup['completedAt'] as Date).getTime() - days * 86_400_000);
    await this.db.collection('backups').updateOne({ backupId, status: 'completed' }, { $set: { completedAt } });
  }

  /** Everything in it, as text. */
  async text(): Promise<string> {
    const texts: string[] = [];
    for (const { name } of await this.db.listCollections({}, { nameOnly: true }).toArray())
      for await (const document of this.db.collection(name).find()) texts.push(JSON.stringify(document));
    return texts.join('\n');
  }
}

function taskOf(document: Document, id: 'taskId' | 'restoreId'): TaskView {
  const { backupId, status, nextAttemptAt, error } = document as unknown as TaskView;
  const kind = id === 'restoreId' ? 'restore' : String(document['kind']);
  return { taskId: String(document[id]), kind, backupId, status, nextAttemptAt, error };
}
