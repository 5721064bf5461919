import { openCache } from './cache.js';
import { environmentOf, exportLines } from './environment.js';
import { processesOf, sharedInstance, stateFileOf } from './instance.js';
import { logToStderr } from './log.js';
import { isAlive } from './process-mark.js';
import { describeError, ServiceError } from './service-error.js';
import { readState, serviceNames, type ServiceName } from './service-state.js';
import { startSharedServices } from './start-services.js';
import { stopServices } from './stop-services.js';

const usage = `Usage: npm run services -- COMMAND

  start [mongodb] [redis] [s3]  find or install and start them (default: all three); they go on running
  env [--json]                  print the variables to use them: eval "$(npm run --silent services -- env)"
  status                        what runs, in which version, and where its log is
  stop                          stop them and remove their data
`;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'start':
      return start(rest);
    case 'stop':
      await stopServices();
      return 0;
    case 'env':
      return printEnvironment(rest);
    case 'status':
      return printStatus();
    case 'help':
    case '--help':
      process.stdout.write(usage);
      return 0;
    case undefined:
    default:
      process.stderr.write(usage);
      return 2;
  }
}

async function start(names: readonly string[]): Promise<number> {
  const which = names.map((name): ServiceName => {
    const known = serviceNames.find((service) => service === name);
    if (known === undefined) throw new ServiceError(`There is no service ${name}`, `Known: ${serviceNames.join(', ')}`);
    return known;
  });
  await startSharedServices({ which: which.length === 0 ? serviceNames : which });
  logToStderr('use them with: eval "$(npm run --silent services -- env)"; stop them with: npm run services -- stop');
  return 0;
}

function printEnvironment(options: readonly string[]): number {
  const instance = sharedInstance(openCache(process.env));
  const state = readState(stateFileOf(instance));
  if (state === undefined) throw new ServiceError('No services are running', 'Start them: npm run services -- start');
  const ended = processesOf(instance).find((process) => !isAlive(process));
  if (ended !== undefined) {
    throw new ServiceError(`${ended.name} is not running any more`, 'Start it again: npm run services -- start');
  }
  const variables = environmentOf(state, stateFileOf(instance));
  process.stdout.write(options.includes('--json') ? `${JSON.stringify(variables)}\n` : exportLines(variables));
  return 0;
}

/** Exit code 0 when everything that was started still runs, 1 otherwise. */
function printStatus(): number {
  const instance = sharedInstance(openCache(process.env));
  const state = readState(stateFileOf(instance));
  const processes = processesOf(instance);
  if (state === undefined) {
    process.stdout.write('nothing is running\n');
    return 1;
  }
  for (const name of serviceNames) {
    const service = state[name];
    process.stdout.write(
      service === undefined ? `${name}: not started\n` : `${name}: ${service.version}, ${service.how}\n`,
    );
    for (const each of processes.filter((process) => process.service === name)) {
      process.stdout.write(
        `  ${each.name}, process ${each.pid}: ${isAlive(each) ? 'running' : 'ended'}, log ${each.log}\n`,
      );
    }
  }
  return processes.every(isAlive) ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`services: ${describeError(error)}\n`);
    process.exitCode = 1;
  },
);
