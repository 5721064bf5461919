export { AppError, cancelled, causeOf, throwIfAborted, type AppErrorInit, type RetryClass } from './app-error.js';
export type * from './audit-records.js';
export { sdkCredentials, type AwsCredentials } from './aws-credentials.js';
export {
  backupJson,
  compressions,
  type BackupFacts,
  type BackupJson,
  type BackupTotals,
  type Compression,
  type Consistency,
  type StoredObject,
  type Topology,
  type Trigger,
} from './backup-json.js';
export {
  contentOf,
  isImported,
  isPart,
  isPartBeside,
  newestWhole,
  recordedDatabase,
  partName,
  recordedPart,
  seriesFactsOf,
  seriesOf,
  wholeOnes,
  type Selected,
  type SeriesFacts,
} from './backup-series.js';
export { consistencyInBrief, describeConsistency, momentOf } from './describe-consistency.js';
export { saysDamaged, saysUnasked } from './damage.js';
export {
  DestinationRefused,
  guardedLookup,
  hostOf,
  isForbiddenHost,
  safeAddresses,
  systemResolve,
  type DestinationRule,
  type HostAddress,
  type ResolveHost,
} from './destinations/destination.js';
export {
  drillChoices,
  drillFilter,
  drillIdPattern,
  drillTriggers,
  expectationText,
  isDrillId,
  parseAgo,
  parseExpectation,
  slotDrillId,
  type DrillAnswer,
  type DrillChoice,
  type DrilledNamespace,
  type DrillExpectation,
  type DrillQuery,
  type DrillRecord,
  type DrillReport,
  type DrillTrigger,
} from './drills.js';
export { chance, isTimestamp, systemClock, systemRandom, type Clock, type Random } from './environment.js';
export { messageOf, systemCode } from './error-code.js';
export { askedDatabases, databaseOf, isMongoUri } from './mongo-uri.js';
export { namespaceKey } from './namespace-key.js';
export { isNetworkFailure } from './network-failure.js';
export { signalGroup } from './signal-group.js';
export { untilAborted } from './until-aborted.js';
export type { ErrorCode, Stage } from './error-codes.js';
export {
  doubtful,
  findingStates,
  found,
  lookWithin,
  skipped,
  wrong,
  type Finding,
  type FindingState,
  type LookOptions,
} from './finding.js';
export {
  destinationPattern,
  backupIdPattern,
  compactTime,
  isBackupId,
  isTargetName,
  newBackupId,
  randomSuffix,
  slotBackupId,
  targetOfBackupId,
  targetPattern,
  timeOfBackupId,
} from './ids.js';
export { jitterOf } from './jitter.js';
export {
  queueNames,
  queueOfJob,
  type JobName,
  type JobPayloads,
  type JobRequest,
  type JobSink,
  type QueueName,
} from './jobs.js';
export {
  copyStates,
  primaryStore,
  type CopyRecord,
  type CopyState,
  type DestinationHealth,
  type FoundCopy,
} from './copies.js';
export { wishedLogLevels, type LogLevelWish, type WishedLogLevel } from './log-level.js';
export {
  manifest,
  namespaceTypes,
  type BlockExtent,
  type Frame,
  type Manifest,
  type ManifestNamespace,
  type NamespaceType,
} from './manifest.js';
export type { PageSession } from './page-session.js';
export { parseJson, type ParseFailure } from './parse.js';
export { hashPassword, parsePasswordHash, verifyPassword, type PasswordHash } from './password-hash.js';
export type * from './records.js';
export type * from './tasks.js';
export { scrub } from './scrub.js';
export { Secret } from './secret.js';
export { isDatabaseName } from './selection/database-name.js';
export { mongodumpArguments, type DumpChoice } from './selection/mongodump-arguments.js';
export { literalName, parsePattern, patternOf, whyNoPattern, type Pattern } from './selection/pattern.js';
export { signatureOf } from './signature.js';
export { syncChanges, type SyncChange, type SyncResult, type SyncWish } from './sync.js';
export {
  isRestoreId,
  isRestoreTargetName,
  newRestoreId,
  restoreConflictKinds,
  restoreIdPattern,
  restoreModes,
  restoreTargetPattern,
  scratchIdOf,
  safetyTargetOf,
  type RestoreConflict,
  type RestoreConflictKind,
  type RestoredNamespace,
  type RestoreEstimate,
  type LeftAlone,
  type ReplayedOplog,
  type RestoredUsers,
  type RestoreFindings,
  type RestoreMode,
  type RestorePhase,
  type RestoreProgress,
  type RestoreProgressOf,
  type RestoreRecord,
  type RestoreReport,
  type RestoreSafety,
  type RestoreWish,
} from './restores.js';
export {
  backupStates,
  isAllowedMove,
  isAllowedTaskMove,
  isFinal,
  isFinalTask,
  rotationOutcomes,
  taskStates,
  useKinds,
  type BackupState,
  type RotationOutcome,
  type TaskState,
  type UseKind,
} from './states.js';
export {
  lease,
  marks,
  sightings,
  storeIdentity,
  verificationLevels,
  type Lease,
  type MarkedVerification,
  type Marks,
  type Sightings,
  type StoreIdentity,
  type VerificationLevel,
} from './store-files.js';
export {
  algorithmOfKey,
  isRole,
  leastTokenSecretBytes,
  longestTokenSeconds,
  mayAct,
  requiredClaims,
  roles,
  type Role,
  type TokenAlgorithm,
} from './tokens.js';
export type * from './worker-report.js';
export { offsetOf } from './zone-offset.js';
