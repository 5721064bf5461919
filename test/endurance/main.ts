import { startServices } from '../services/start-services.js';
import { endure } from './endure.js';
import { help, readOptions, type Options } from './options.js';

// npm run test:endurance: a whole installation, used and broken at random, against a model of what was promised (docs/reliability.md).

const print = (text: string): void => void process.stdout.write(`${text}\n`);

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exit(2);
}
if (options === null) print(help);
else process.exitCode = await run(options);

async function run(given: Options): Promise<number> {
  print(`seed ${given.seed}, ${given.minutes} minutes, ${given.workers} workers`);
  const services = await startServices({ which: ['mongodb', 'redis', 's3'] });
  for (const [name, value] of Object.entries(services.env)) if (name.startsWith('TEST_')) process.env[name] = value;
  try {
    return await endure(given, print);
  } finally {
    await services.stop();
  }
}
