import { AppError, type Secret } from '#contracts';
import { secretFrom, type Environment, type ReadFile } from './environment-reader.js';

/** The URI in a variable that the operator names (`--to-env NAME`), or in the file named by `NAME_FILE`. */
export function namedUri(name: string, environment: Environment, readFile: ReadFile): Secret {
  const problems: string[] = [];
  const uri = secretFrom(name, environment, readFile, (problem) => problems.push(problem));
  if (uri !== undefined) return uri;
  throw new AppError({
    code: 'config/invalid',
    stage: 'config',
    message: problems[0] ?? `The variable ${name} is not set`,
    hint: `--to-env takes the name of a variable that holds the target's URI: export ${name}=mongodb://… first`,
  });
}
