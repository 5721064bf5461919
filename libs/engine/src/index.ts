export type * from './engine.js';
export { chooseDumpEngine, type EngineChoice } from './choose-engine.js';
export { redact } from './connection/index.js';
export { dumpArguments } from './mongodump/dump-arguments.js';
export { createMongodumpEngine, type MongodumpOptions } from './mongodump/mongodump.engine.js';
export { createMongorestoreEngine, type MongorestoreOptions } from './mongodump/mongorestore.engine.js';
export { createNativeDumpEngine, type NativeDumpOptions } from './native/dump/native-dump.engine.js';
export { createNativeLoadEngine, type NativeLoadOptions } from './native/load/native-load-engine.js';
export { createSelection, type Selection } from './selection/index.js';
