import type { NotificationRecord } from '#contracts';

/** A way to reach people. */
export interface Channel {
  /** Stands in records and metrics: `email`, `webhook`, `log`. */
  readonly name: string;
  /**
   * Resolves when the other side has taken the message. Throws `notify/failed`, whose retry class says whether the same message may
   * get through later, and whose text holds no secret and nothing of what the other side replied beyond its status. Ends soon
   * after an abort and within its own time limit. May be called again for a message that arrived: receivers tell repeats by its id.
   */
  send(notification: NotificationRecord, signal: AbortSignal): Promise<void>;
}
