export { createLog, type LogOptions } from './create-log.js';
export { quietly } from './quietly.js';
export { scrub } from './scrub.js';
