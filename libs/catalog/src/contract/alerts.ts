import type { AlertKind, NotificationRecord } from '#contracts';
import type { LeaseView } from './claims.js';

export interface NewAlert {
  readonly key: string;
  readonly kind: AlertKind;
  readonly target: string | null;
  readonly backupId: string | null;
  /** What a kind that is told once for each event happened to; default: the backup. */
  readonly subject?: string;
  readonly correlationId: string | null;
  readonly message: string;
  readonly hint: string | null;
  readonly at: Date;
  /** Names of the channels it goes to. */
  readonly channels: readonly string[];
}

/** A notification, and how often somebody took the right to deliver it: its job's id is `<notificationId>-<takes>`. */
export interface UndeliveredNotification extends NotificationRecord {
  readonly takes: number;
}

/** States that people are told of: raised once, told once, cleared once. */
export interface AlertRepository {
  /**
   * Raises `kind` for a key (`alertKey`); a notification is made only when it was not raised already. Null: no repeat. `backup-failed` and `superseded`
   * are told once for each backup (another backup's failure makes a notification though the key is raised), and never again for the same one.
   */
  raise(alert: NewAlert): Promise<NotificationRecord | null>;
  /** Tells of something that happened and is no state: once ever for its subject. Null: it was told. */
  note(event: Omit<NewAlert, 'key'> & { readonly subject: string }): Promise<NotificationRecord | null>;
  /** Clears it; a `recovered` notification only when it was raised. */
  clear(
    key: string,
    recovered: {
      readonly message: string;
      readonly at: Date;
      readonly target: string | null;
      readonly backupId: string | null;
    },
  ): Promise<NotificationRecord | null>;
  raised(): Promise<
    readonly { readonly key: string; readonly kind: AlertKind; readonly target: string | null; readonly since: Date }[]
  >;
  findNotification(notificationId: string): Promise<NotificationRecord | null>;
  /** Takes the right to deliver, until its last due channel has its outcome; null when somebody else has it or nothing is due. */
  takeDelivery(notificationId: string, owner: string, now: Date): Promise<NotificationRecord | null>;
  /** Deliveries under way, for whoever observes that one gets no further. */
  delivering(): Promise<readonly LeaseView[]>;
  /** Takes back the right of one who showed no life for the lease time; false when it is over or another's meanwhile. */
  expireDelivery(notificationId: string, seenTakes: number): Promise<boolean>;
  /** One channel's outcome. */
  recordDelivery(
    notificationId: string,
    channel: string,
    outcome: { readonly at: Date; readonly error: string | null; readonly nextAttemptAt: Date | null },
  ): Promise<void>;
  /** Notifications with a channel that is pending and due, oldest first; without those that somebody is delivering. */
  undelivered(now: Date): Promise<readonly UndeliveredNotification[]>;
  /** Removes messages of the time before that nobody waits for: neither raised, nor to be delivered. The number. */
  purge(createdBefore: Date): Promise<number>;
}
