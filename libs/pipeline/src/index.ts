export {
  silentObserver,
  type CatalogBackup,
  type CleanupCatalog,
  type CommitJournal,
  type CommitRecord,
  type DeletionCatalog,
  type DeletionView,
  type JournalView,
  type PipelineDeps,
  type Progress,
  type RewriteJournal,
  type RunObserver,
  type Sighting,
} from './deps.js';
export { bindStore, type StoreBinding } from './bind-store.js';
export { readSightingsFile, writeSightingsFile } from './cleanup/sightings-file.js';
export { checkKeys, type CheckKeysDeps, type CheckKeysRequest, type KeyProof } from './check-keys.js';
export { removeBackup } from './delete/remove-backup.js';
export { deleteBackup, refusedDeletion } from './delete-backup.js';
export { lockOf, type Refusal } from './delete/find-refusal.js';
export { foreseenFailure } from './dry-run-failure.js';
export { dryRunRestore, type DryRun, type DryRunDeps } from './dry-run-restore.js';
export { finishCommit, type FinishDeps, type FinishRequest } from './finish-commit.js';
export {
  failureOfKeys,
  unprovenOfKeys,
  judgeKeys,
  keyFindings,
  keyProofFindings,
  proofFindingName,
  type KeyVerdict,
  type ProvenPlace,
} from './judge-keys.js';
export { folderArchive } from './import/folder/folder-archive.js';
export { readDumpFolder, type DumpFolder } from './import/folder/read-folder.js';
export { importEngine, type ImportedDump } from './import/import-engine.js';
export { listBackups, type BackupList } from './list-backups.js';
export { openArchive } from './open-archive.js';
export { backupSide } from './diff/backup-side.js';
export type { DiffNamespace, DiffSide, DocumentCounts, DocumentDiff, NamespaceDiff } from './diff/diff-types.js';
export { runDiff, type DiffOptions } from './diff/run-diff.js';
export { openPart, type OpenPartOptions } from './parts/open-part.js';
export { readDocuments } from './parts/read-documents.js';
export { backupMetadata, readBackupMetadata } from './objects/backup-metadata.js';
export { completedFacts, type RecordedFacts } from './objects/completed-facts.js';
export { isBareRecord } from './objects/confirm.js';
export { changedPlace } from './objects/changed-place.js';
export { requireBackupJson } from './objects/backup-json-file.js';
export { backupFolder, backupJsonKey } from './objects/keys.js';
export { committed } from './commit-attempt.js';
export { readMarks, readPin } from './objects/marks-file.js';
export { readIfThere } from './objects/read-if-there.js';
export { recordedObjects, type RecordedObjects } from './objects/compare-record.js';
export { proveBackup, type ProvenBackup } from './objects/prove-backup.js';
export { findLoss } from './objects/confirm.js';
export { isCold, proveForPlan, type ColdBackup } from './objects/prove-cold.js';
export { kmsFindingName, kmsFindings } from './kms-findings.js';
export { memoryFinding, processMemory, temporaryFinding, type ProcessMemory } from './process-findings.js';
export { readHeaderOf } from './objects/read-header.js';
export { runSweep, type SweepDeps, type SweepResult } from './run-sweep.js';
export { isGoneByRecord } from './objects/is-gone.js';
export { ensureStoreIdentity, putStoreIdentity, readStoreIdentity, requireStore } from './objects/store-identity.js';
export type { BackupDeps, BackupOutcome, BackupRequest } from './backup-types.js';
export { settleCommit } from './rewrite/settle-commit.js';
export { runBackup } from './run-backup.js';
export { runCleanup, type CleanupDeps, type CleanupRequest } from './run-cleanup.js';
export {
  expireCopies,
  type CopiesCatalog,
  type ExpireCopiesDeps,
  type ExpireCopiesRequest,
  type StandingCopy,
} from './copy/expire-copies.js';
export { letOutlivedGo, outlivedOf } from './copy/let-outlived-go.js';
export { findLostCopies, type RecordedCopy } from './copy/find-lost-copies.js';
export { lockOfCopy } from './copy/lock-of-copy.js';
export { paceOf } from './throttle.js';
export { runCopy, type CopyRequest, type CopyResult } from './run-copy.js';
export { runDelete, type DeleteDeps, type DeleteRequest, type DeleteResult } from './run-delete.js';
export { runDrill, type DrillDeps, type DrillRequest } from './run-drill.js';
export { planRestore, runRestore, type RestoreDeps } from './run-restore.js';
export { holdsFolders, requireCopies } from './objects/require-copies.js';
export {
  rotatePlaces,
  type PlacedRotation,
  type PlacesDeps,
  type PlacesReport,
  type PlacesRequest,
} from './rotate-places.js';
export type {
  PlacesCatalog,
  RotateDeps,
  RotatedBackup,
  RotateRequest,
  RotationCatalog,
  RotationPlace,
  RotationReport,
} from './rotate/rotate-types.js';
export { runRotate } from './run-rotate.js';
export {
  runSync,
  type FoundBackup,
  type FoundMarks,
  type SyncCatalog,
  type SyncDeps,
  type SyncRecord,
  type SyncRequest,
} from './run-sync.js';
export { findOutOfStep, findUnrecorded, type OutOfStep, type UnrecordedDeps } from './sync/find-unrecorded.js';
export type { Keeper } from './sync/adopt-copies.js';
export { notLookedAt, reportUnrecorded, type UnrecordedLook } from './sync/report-unrecorded.js';
export { runVerify, type Verification, type VerifyDeps, type VerifyRequest } from './run-verify.js';
export { comparedBackups, sizeAnomaly } from './size-anomaly.js';
export type { ArchiveSource } from './sources/archive-source.js';
export { backupSource, planSource } from './sources/backup-source.js';
export { fileSource, sniffFile, type FileKind } from './sources/file-source.js';
export { differencesFound, drillDifferences, shortened, verifyRestored } from './verify-restored.js';
export { writeMarks, type MarksChange } from './write-marks.js';
export { safetyNote, watchWrites, type WriteWatch } from './watch-writes.js';
