export { createLog, type LogOptions } from './create-log.js';
export { quietly } from './quietly.js';
export { toStandardOutput } from './standard-output.js';
export { RecentLines } from './recent-lines.js';
