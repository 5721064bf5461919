/**
 * Every code an AppError may carry, by area. A code is stable: scripts and alerts match it. The CLI turns it into an exit
 * code (spec/cli.md), the API into a problem type (spec/api.md).
 */
export type ErrorCode =
  // Arguments and configuration
  | 'cli/bad-arguments'
  | 'output/failed'
  | 'config/invalid'
  // Keys (spec/container.md)
  | 'keys/refused'
  | 'keys/none-set'
  /** Only public keys are at hand: they seal, and open nothing. */
  | 'keys/write-only'
  | 'keys/kms-unavailable'
  | 'keys/kms-throttled'
  | 'keys/kms-access-denied'
  | 'keys/kms-not-found'
  /** Disabled, or waiting for its deletion. */
  | 'keys/kms-disabled'
  // A key whose text is kept elsewhere
  | 'keys/secret-unavailable'
  | 'keys/secret-access-denied'
  | 'keys/secret-not-found'
  /** A rotation is to go to other keys than this process holds. */
  | 'keys/differ'
  /** Keys would be shown to whoever looks on. */
  | 'keys/confirmation-needed'
  // The sealed container (spec/container.md)
  | 'container/not-a-container'
  | 'container/unsupported'
  | 'container/bad-header'
  | 'container/no-key'
  | 'container/wrong-key'
  | 'container/foreign-header'
  | 'container/not-the-one-asked-for'
  | 'container/corrupt'
  | 'container/truncated'
  // Compression inside the container
  | 'compression/corrupt'
  | 'compression/truncated'
  // The mongodump archive (facts/archive-format.md)
  | 'archive/empty'
  | 'archive/not-an-archive'
  | 'archive/truncated'
  | 'archive/corrupt-structure'
  | 'archive/crc-mismatch'
  | 'archive/missing-namespace-end'
  | 'archive/trailing-data'
  // A backup as a whole (spec/objects.md)
  | 'backup/not-found'
  | 'backup/mismatch'
  | 'backup/damaged'
  | 'backup/missing'
  | 'backup/refused'
  | 'commit/conflict'
  // Engines
  | 'engine/not-found'
  | 'engine/unsupported'
  | 'engine/failed'
  | 'engine/killed'
  | 'engine/stalled'
  | 'engine/no-output'
  /** Reading took longer than the server keeps the moment that was read. */
  | 'engine/snapshot-too-old'
  // The database that is read
  | 'source/unreachable'
  | 'source/refused'
  | 'source/unknown-database'
  | 'source/unknown-collection'
  // The database that is written
  | 'target/unreachable'
  | 'target/refused'
  | 'target/not-empty'
  | 'target/unsupported'
  | 'restore/not-found'
  | 'restore/refused'
  | 'restore/failed'
  | 'restore/differences'
  | 'restore/conflict'
  | 'restore/unfinished'
  | 'restore/busy'
  | 'restore/confirmation-needed'
  // The store
  | 'store/unreachable'
  | 'store/refused'
  | 'store/no-bucket'
  | 'store/no-object'
  | 'store/full'
  | 'store/exists'
  | 'store/precondition-failed'
  | 'store/unsupported'
  | 'store/changed'
  /** A lock of the store holds it until a date: normal, and over some time. */
  | 'store/locked'
  /** It lies in a class that gives no bytes until it was brought back. */
  | 'store/cold'
  /** Nobody that this machine trusts vouches for the server. */
  | 'store/untrusted'
  /** A quota of ours, not of the store's. */
  | 'store/quota-reached'
  | 'store/failed'
  // The queue and the catalogue
  | 'queue/unavailable'
  | 'queue/evicts'
  | 'catalog/unavailable'
  | 'catalog/refused'
  // What a record ends with
  | 'worker-shutdown'
  | 'worker-lost'
  | 'superseded'
  | 'owner-gone'
  // Requests (the problem types of the API)
  | 'auth/unauthorized'
  | 'auth/forbidden'
  | 'auth/too-many-requests'
  /** The server of the keys that tokens are verified with does not answer. */
  | 'auth/keys-unavailable'
  /** A sensitive act asks for a token that was made lately. */
  | 'token/too-old'
  | 'request/invalid'
  /** Understood, but this installation or version does not do it. */
  | 'request/unsupported'
  | 'request/not-found'
  | 'request/method-not-allowed'
  | 'auth/login-off'
  | 'cleanup/not-found'
  | 'rotation/not-found'
  | 'sync/not-found'
  | 'drill/not-found'
  | 'schedule/not-found'
  | 'request/too-large'
  | 'request/timeout'
  | 'request/idempotency-conflict'
  | 'request/idempotency-mismatch'
  | 'backup/already-running'
  | 'backup/not-completed'
  | 'backup/object-missing'
  | 'target/unknown'
  /** This process takes no (more) listeners. */
  | 'events/unavailable'
  // The audit log
  | 'audit/broken'
  // Alerts
  | 'notify/failed'
  // Hooks of a target
  /** A hook before the backup said no. */
  | 'hook/vetoed'
  /** It gave no answer: not started, out of time, not reached. */
  | 'hook/failed'
  // Runs
  | 'run/cancelled'
  /** Another worker has claimed the record meanwhile: this run may write nothing any more. */
  | 'run/fenced'
  | 'store/reserve-reached'
  | 'internal/unexpected';

/** Where in a run an error arose; shown to people beside the code. */
export type Stage =
  | 'arguments'
  | 'config'
  | 'request'
  | 'queue'
  | 'claim'
  | 'catalog'
  | 'cleanup'
  | 'notify'
  | 'keys'
  | 'probe'
  | 'hook'
  | 'dump'
  | 'archive'
  | 'compress'
  | 'seal'
  | 'store'
  | 'manifest'
  | 'commit'
  | 'open'
  | 'decompress'
  | 'verify'
  | 'plan'
  | 'load'
  | 'index'
  | 'rename'
  | 'compare'
  | 'delete'
  | 'output';
