import mongoose, { type ConnectOptions, type Connection } from 'mongoose';
import type { Clock, Random, Secret } from '#contracts';
import { idempotencyRepository } from './access/idempotency.repository.js';
import { pageSessionRepository } from './access/page-session.repository.js';
import { revocationRepository } from './access/revocation.repository.js';
import { streamTicketRepository } from './access/stream-ticket.repository.js';
import { alertRepository } from './alerts/alert.repository.js';
import { changeRepository } from './backups/backup-changes.js';
import { auditRepository } from './audit/audit.repository.js';
import { backupRepository } from './backups/backup.repository.js';
import { syncRepository } from './backups/backup-sync.js';
import { knownTargets } from './backups/known-targets.js';
import { copyRepository } from './copies/copy.repository.js';
import { drillRepository } from './drills/drill.repository.js';
import { buildIndexes } from './build-indexes.js';
import type { Catalog } from './contract/catalog.js';
import { examineConnection } from './examine/examine-connection.js';
import { restoreRepository } from './restores/restore.repository.js';
import {
  scheduleRepository,
  settingsRepository,
  workerRepository,
} from './service-state/service-state.repositories.js';
import { Guard } from './store/guard.js';
import { keepMonitored } from './store/keep-monitored.js';
import { modelsOf } from './store/models.js';
import { RecordCollection } from './store/record-collection.js';
import { badCatalogUri, translateCatalogError, unavailable } from './store/translate-error.js';
import { taskRepository } from './tasks/task.repository.js';

export interface CatalogOptions {
  readonly uri: Secret;
  readonly clock: Clock;
  readonly random: Random;
  /** Shows in the server's log. Default `hazina`. */
  readonly appName?: string;
  /** How long to look for a server. Default 10,000. */
  readonly serverSelectionTimeoutMs?: number;
  /** After so long a call ends with `catalog/unavailable`, whatever the server does. Default 15,000. */
  readonly operationTimeoutMs?: number;
  /** Makes no index and no marker: for looking at a catalogue. */
  readonly readOnly?: boolean;
}

const defaultSelectionMs = 10_000;
/** Between two looks at a server that answers; the driver's default. */
const heartbeatMs = 10_000;
const defaultOperationMs = 15_000;
/** A connection that says nothing for so long is given up. Above every deadline of a call: index builds may take their time. */
const silenceMs = 120_000;
const defaultDatabase = 'hazina';

/** Connects, makes what indexes are missing, and marks the database. Throws `catalog/unavailable`, `catalog/refused`, `config/invalid`. */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const connection = await connectCatalog(options);
  try {
    return await catalogOn(connection, options);
  } catch (error) {
    await connection.close(true).catch(() => undefined);
    throw error;
  }
}

/** The catalogue on a connection that was made with `connectionOptions`; closing the catalogue closes it. */
export async function catalogOn(connection: Connection, options: Omit<CatalogOptions, 'uri'>): Promise<Catalog> {
  if (options.readOnly !== true) await buildIndexes(connection);
  const guard = new Guard(options.operationTimeoutMs ?? defaultOperationMs, options.random);
  const silenceMs = selectionMsOf(options) + heartbeatMs + 5_000;
  const stopWatch = keepMonitored(connection.getClient(), options.clock, { silenceMs, lookMs: 1_000 });
  const serverNow = () => guard.run(() => serverTime(connection));
  const models = modelsOf(connection);
  const backups = new RecordCollection(models.Backup, guard, 'changedAt');
  const tasks = new RecordCollection(models.Task, guard);
  const targets = new RecordCollection(models.Target, guard);
  return {
    backups: backupRepository(backups, tasks, targets, { clock: options.clock, serverNow }),
    changes: changeRepository(backups, serverNow),
    sync: syncRepository(backups, knownTargets(targets)),
    tasks: taskRepository(tasks, backups),
    restores: restoreRepository(new RecordCollection(models.Restore, guard), backups),
    drills: drillRepository(new RecordCollection(models.Drill, guard), backups),
    copies: copyRepository(new RecordCollection(models.Copy, guard), backups, options.clock),
    schedules: scheduleRepository(new RecordCollection(models.ScheduleState, guard)),
    workers: workerRepository(new RecordCollection(models.WorkerReport, guard)),
    alerts: alertRepository(new RecordCollection(models.Notification, guard), options.random, options.clock),
    audit: auditRepository(
      new RecordCollection(models.AuditEvent, guard),
      new RecordCollection(models.AuditHead, guard),
    ),
    settings: settingsRepository(new RecordCollection(models.Setting, guard)),
    streamTickets: streamTicketRepository(new RecordCollection(models.StreamTicket, guard)),
    idempotency: idempotencyRepository(new RecordCollection(models.Idempotency, guard)),
    revocations: revocationRepository(new RecordCollection(models.RevokedToken, guard)),
    pageSessions: pageSessionRepository(new RecordCollection(models.PageSession, guard)),
    async ping(timeoutMs) {
      await guard.run(async () => connection.db?.command({ ping: 1 }), timeoutMs);
    },
    serverTime: serverNow,
    examine: () => guard.run(() => examineConnection(connection, options.clock)),
    async close() {
      stopWatch();
      await connection.close(true).catch(() => undefined);
    },
  };
}

async function serverTime(connection: Connection): Promise<Date> {
  const hello = await connection.db?.command({ hello: 1 });
  if (hello?.['localTime'] instanceof Date) return hello['localTime'];
  throw unavailable('it does not tell its time');
}

/** A connection of the catalogue's own, never Mongoose's global one. */
export async function connectCatalog(options: CatalogOptions): Promise<Connection> {
  const uri = options.uri.reveal();
  if (!/^mongodb(\+srv)?:\/\//.test(uri)) throw badCatalogUri();
  const connection = mongoose.createConnection();
  try {
    await connection.openUri(uri, connectionOptions(options));
    return connection;
  } catch (error) {
    await connection.close(true).catch(() => undefined);
    throw connectionError(error);
  }
}

/** The error of a connection that was not made. */
export function connectionError(error: unknown): Error {
  const name = error instanceof Error ? error.name : '';
  return /^Mongo(Parse|InvalidArgument|API|MissingCredentials)Error$|^TypeError$/.test(name)
    ? badCatalogUri()
    : translateCatalogError(error);
}

const selectionMsOf = ({ serverSelectionTimeoutMs }: Omit<CatalogOptions, 'uri'>): number =>
  serverSelectionTimeoutMs ?? defaultSelectionMs;

export function connectionOptions(options: CatalogOptions): ConnectOptions {
  const selectionMs = selectionMsOf(options);
  return {
    appName: options.appName ?? 'hazina',
    serverSelectionTimeoutMS: selectionMs,
    connectTimeoutMS: selectionMs,
    heartbeatFrequencyMS: heartbeatMs,
    socketTimeoutMS: silenceMs,
    ...(/^mongodb(?:\+srv)?:\/\/[^/?]*\/[^?]+/.test(options.uri.reveal()) ? {} : { dbName: defaultDatabase }),
    // Decisions need the newest state, and one that no election takes back.
    readPreference: 'primary',
    readConcernLevel: 'majority',
    writeConcern: { w: 'majority', wtimeoutMS: options.operationTimeoutMs ?? defaultOperationMs },
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    sanitizeFilter: true,
  };
}
