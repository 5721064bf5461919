export type * from './engine.js';
export { chooseDumpEngine, type EngineChoice } from './choose-engine.js';
export { createDumpEngines, type DumpEnginesOptions } from './dump-engines.js';
export { redact } from './connection/index.js';
export { examineSource, type ExamOptions, type SourceExam } from './examine/examine-source.js';
export { clockFinding, sourceFindings } from './examine/source-findings.js';
export { toolFindings } from './examine/tool-findings.js';
export { dumpArguments } from './mongodump/dump-arguments.js';
export { findTool, type Tool } from './mongodump/find-tool.js';
export { createMongodumpEngine, type MongodumpOptions } from './mongodump/mongodump.engine.js';
export { createMongorestoreEngine, type MongorestoreOptions } from './mongodump/mongorestore.engine.js';
export { createNativeDumpEngine, type NativeDumpOptions } from './native/dump/native-dump.engine.js';
export { createNativeLoadEngine, type NativeLoadOptions } from './native/load/native-load-engine.js';
export { authorizationPart } from './native/authorization/authorization-part.js';
export { ContentDigest, contentDigests } from './native/load/content-digest.js';
export { conflictBounds, type ConflictBounds } from './native/conflicts/conflict-bounds.js';
export { ConflictCheck, type ConflictOptions } from './native/conflicts/conflict-check.js';
export { watchChanges, type ChangeWatching } from './native/changes/watch-changes.js';
export type { ChangeVerdict, ChangeWatcher } from './native/changes/change-watch.js';
export { openTargetContents, type TargetContents } from './native/compare/target-contents.js';
export { documentId } from './native/documents/document-id.js';
export { compileQuery, type DocumentQuery } from './native/documents/document-query.js';
export { bsonToRelaxedJson } from './native/documents/relaxed-json.js';
export { similarNames } from './native/dump/similar-names.js';
export { lookAtRestoreTarget } from './native/load/look-at-target.js';
export { writtenDatabases } from './native/load/put-back.js';
export { putBackRestore, type PutBackOptions } from './native/load/put-back-restore.js';
export { isOwnNote } from './native/load/plan-types.js';
export { replaysOplog } from './native/oplog/require-replay.js';
export { DrillScratch, type DrillScratchOptions } from './native/scratch/drill-scratch.js';
export { askDrillQueries, unexpectedAnswers } from './native/scratch/drill-queries.js';
export {
  compareDefinitions,
  compareDocuments,
  type ComparedCollection,
  type LoadedCollection,
} from './native/scratch/compare-loaded.js';
export { dropDrill, findDrills, type FoundDrill } from './native/scratch/find-drills.js';
export { findScratch, type FoundScratch } from './native/scratch/find-scratch.js';
export { dropScratch, markScratch, type ScratchMark } from './native/scratch/scratch-databases.js';
export { ledNamespaces, scratchNameOf, scratchRenames, type LedNamespace } from './native/scratch/scratch-names.js';
export { createSelection, type Selection, type SelectionRequest } from './selection/index.js';
