// Loaded into a service by `--import`: its test asks, over the channel to the process that started it, what memory it holds when its garbage has been collected.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('message', ({ asked }) => {
  if (asked !== 'memory') return;
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.send?.({ answered: asked, value: { heapUsed, external, arrayBuffers } });
});
// The channel keeps no process alive.
process.channel?.unref();
