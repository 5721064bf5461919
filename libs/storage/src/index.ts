export { checkStore, type CheckContext, type StoreFinding } from './check-store.js';
export { createStore } from './create-store.js';
export { describeProtection, type LockAsk } from './describe-protection.js';
export { describeLock, findLock } from './find-lock.js';
export { FilesystemStore } from './filesystem/filesystem.store.js';
export { createMemoryStore } from './memory/memory.store.js';
export { foreverLocked } from './object-store.js';
export type {
  ByteRange,
  ColdState,
  HiddenObject,
  ObjectEntry,
  ObjectHead,
  ObjectPlace,
  ObjectLock,
  ObjectStore,
  OpenUpload,
  PresignOptions,
  PutBytesOptions,
  PutOptions,
  PutResult,
  StorageClass,
  StoreAbilities,
  StoreProtection,
} from './object-store.js';
export { isLocked, removeOrHide } from './remove-or-hide.js';
export { resumingGet, type ResumingGetOptions } from './resuming-get.js';
export type {
  DirectoryStoreOptions,
  RepeatedRequest,
  S3StoreOptions,
  StoreOptions,
  TellRepetition,
} from './store-options.js';
export {
  describeAbilities,
  lockFindings,
  protectionFindings,
  roomFinding,
  storeFindings,
  type RoomOptions,
} from './store-findings.js';
export { DelegatingStore } from './wrappers/delegating.store.js';
export { PlacedStore } from './wrappers/placed.store.js';
export { PrefixedStore } from './wrappers/prefixed.store.js';
export { RetryingStore, type RetryOptions } from './wrappers/retrying.store.js';
