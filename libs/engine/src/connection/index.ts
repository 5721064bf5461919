export { connect, type Connection, type ConnectOptions } from './connect.js';
export { describeServer, type ServerDescription } from './describe-server.js';
export { connectToOneServer } from './pin-server.js';
export { redact } from './redact.js';
export { badUri, translateMongoError, type Side } from './translate-error.js';
