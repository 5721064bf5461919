export { examineRedis, redisFindings, type RedisExam, type RedisExamOptions } from './examine-redis.js';
export { guardHandshake } from './guard-handshake.js';
export {
  createJobQueue,
  jobStates,
  type JobQueue,
  type JobQueueOptions,
  type JobState,
  type QueueCounts,
} from './job-queue.js';
export { openQueueBoard, type QueueBoard } from './queue-board.js';
export { queueFailures, type QueueFailure } from './queue-errors.js';
export { JOB_QUEUE, QueueModule, type QueueModuleOptions } from './queue.module.js';
export {
  workerConnection,
  workerOptions,
  type WorkerConnectionOptions,
  type WorkerSettings,
} from './worker-options.js';
