import { parseEnv } from 'node:util';
import { AppError } from '#contracts';
import { unreadableCode, type Environment, type ReadFile } from './environment-reader.js';
import { variables } from './variables.js';

/**
 * `--config FILE`: the lines of a `.env` file, beneath the environment (which wins). Unknown names are errors: a misspelt key must not be lost. Known are ours, and
 * what the targets file names (URIs of targets, credentials of destinations, variables of hooks).
 */
export function withConfigFile(environment: Environment, path: string, readFile: ReadFile): Environment {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFile(path));
  } catch (error) {
    const code = unreadableCode(error);
    throw invalid(
      `The configuration file ${path} cannot be read (${code})`,
      'Give --config the path of a file of NAME=value lines',
    );
  }
  const entries = parseEnv(text);
  const known = new Set<string>(
    variables.flatMap(({ name, ...rest }) => ('secret' in rest ? [name, `${name}_FILE`] : [name])),
  );
  // Restore targets have names of the operator's choice (--to-env NAME), all of which end in _URI.
  const strange = Object.keys(entries).filter((name) => !known.has(name) && !/_URI(_FILE)?$/.test(name));
  const named = strange.length === 0 ? [] : namesIn({ ...entries, ...environment }['BACKUP_TARGETS_FILE'], readFile);
  const unknown = strange.filter((name) => !named.includes(name.replace(/_FILE$/, '')) && !named.includes(name));
  if (unknown.length > 0) {
    throw invalid(
      `The configuration file ${path} sets unknown variables: ${unknown.join(', ')}`,
      '.env.example lists every variable',
    );
  }
  return { ...entries, ...environment };
}

/** What a targets file says anywhere in the form of a variable's name; nothing of one that cannot be read, which its own reader tells. */
function namesIn(path: string | undefined, readFile: ReadFile): readonly string[] {
  if (path === undefined || path === '') return [];
  try {
    return (
      Buffer.from(readFile(path))
        .toString()
        .match(/\b[A-Z_][A-Z0-9_]*\b/g) ?? []
    );
  } catch {
    return [];
  }
}

function invalid(message: string, hint: string): AppError {
  return new AppError({ code: 'config/invalid', stage: 'config', message, hint });
}
