export type * from './engine.js';
export { createNativeLoadEngine, type NativeLoadOptions } from './native/load/native-load-engine.js';
