// The pace of the run; what is waited for is never waited for like this.
export { pause } from '../support/pace.js';
